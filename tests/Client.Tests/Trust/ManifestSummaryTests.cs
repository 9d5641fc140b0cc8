using Verathos.Client.Trust;
using Verathos.Protocol.Cbor;

namespace Verathos.Client.Tests.Trust;

/// <summary>What a node may call its model: the name reaches the terminals of others.</summary>
public sealed class ManifestSummaryTests
{
    [Theory]
    [InlineData("mod\u00e8le 7B \u6a21\u578b", true)]
    [InlineData("model\u001b[2J", false)]
    [InlineData("model\u009b2J", false)]
    [InlineData("model\nACCEPTED", false)]
    [InlineData("model\rACCEPTED", false)]
    [InlineData("model\u007f", false)]
    [InlineData("", false)]
    public void A_name_with_control_characters_is_refused(string name, bool parses)
    {
        byte[] manifest = new DeterministicCborMap().Add(1, 1UL).Add(2, name).Add(3, new byte[32]).Add(4, 9UL).Add(5, 1000UL).Add(6, 10UL).Encode();
        Assert.Equal(parses, ManifestSummary.TryParse(manifest, out ManifestSummary? summary));
        Assert.Equal(parses ? name : null, summary?.Name);
    }
}
