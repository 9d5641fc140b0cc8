using Verathos.Host.Cli;
using Verathos.Host.Drills;

namespace Verathos.Drills.Tests.Removal;

/// <summary>Every attack falls to the check that it should fall to.</summary>
[Collection(DrillCollection.Name)]
public sealed class DrillTests(DrillFixture fixture)
{
    // What must be among the attacks, whatever else is.
    private static readonly string[] s_required =
    [
        "quote-relayed", "gpu-report-foreign", "weights-swapped-after-attestation", "rotation-without-evidence", "receipt-replayed", "stream-truncated",
        "production-policy-meets-the-simulator", "quote-of-32-bytes", "quote-self-signed", "nonce-forged-beside-the-report", "key-beside-the-attestation", "chunks-dropped", "chunks-reordered",
        "stolen-key-cheaper-model", "opening-asked-by-a-stranger", "empty-proof-list",
    ];

    public static TheoryData<string> Names => [.. DrillCatalogue.All.Select(drill => drill.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task It_is_refused_by_its_check(string name)
    {
        Drill drill = DrillCatalogue.All.Single(drill => drill.Name == name);
        DrillOutcome outcome = await drill.RunAsync(fixture.Ground, TestContext.Current.CancellationToken);
        Assert.True(drill.Expected == outcome.RefusedBy, $"{outcome.RefusedBy ?? "not refused"}: {outcome.Detail}");
    }

    [Fact]
    public async Task A_node_whose_answer_ends_early_is_not_drilled()
    {
        CommandException refusal = await Assert.ThrowsAsync<CommandException>(
            () => DrillGround.AtAsync(fixture.Ground.Node, fixture.Ground.Folder, "Start at 1: one 2,", TestContext.Current.CancellationToken));
        Assert.Contains("give --prompt", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chunks-reordered")]
    [InlineData("chunks-dropped")]
    [InlineData("chunks-spliced")]
    public void An_answer_of_too_few_chunks_is_no_attack(string name)
    {
        // A nonce, five chunks of one byte, and the final one.
        byte[] body = [.. new byte[32], .. Enumerable.Repeat((byte[])[1, 7], 5).SelectMany(chunk => chunk), 0, 7];
        Drill drill = DrillCatalogue.All.Single(drill => drill.Name == name);
        Assert.Contains("5 chunks", Assert.Throws<CommandException>(() => drill.Tampering!()(body)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_program_has_no_client_but_the_shipped_one() => Assert.Equal(
        [typeof(ShippedClient)], typeof(IDrillClient).Assembly.GetTypes().Where(type => type.IsClass && type.IsAssignableTo(typeof(IDrillClient))));

    [Fact]
    public void There_are_at_least_forty_and_each_has_a_name_of_its_own()
    {
        Assert.True(DrillCatalogue.All.Count >= 40);
        Assert.Equal(DrillCatalogue.All.Count, DrillCatalogue.All.Select(drill => drill.Name).Distinct().Count());
        Assert.All(DrillCatalogue.All, drill => Assert.Matches("^[a-z0-9]+(-[a-z0-9]+)*$", drill.Name));
        Assert.Empty(s_required.Except(DrillCatalogue.All.Select(drill => drill.Name)));
    }
}
