using Verathos.Enclave.Keys;

namespace Verathos.Enclave.Tests.Keys;

public sealed class BindingRecordTests
{
    [Fact]
    public void TheOldestIsForgottenFirstAndOneThatCameAgainTakesNoPlace()
    {
        BindingRecord record = new(2);
        record.Add(Binding(1));
        record.Add(Binding(2));
        record.Add(Binding(2));
        Assert.True(record.Contains(Binding(1)));

        record.Add(Binding(3));

        Assert.False(record.Contains(Binding(1)));
        Assert.True(record.Contains(Binding(2)));
        Assert.True(record.Contains(Binding(3)));
    }

    private static byte[] Binding(byte value)
    {
        byte[] binding = new byte[48];
        binding[47] = value;
        return binding;
    }
}
