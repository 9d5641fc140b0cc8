using Verathos.Host.Drills;

namespace Verathos.Drills.Tests.Removal;

/// <summary>
/// Every attack gets through once its check is taken away, so that it is this check that the drill proves and no other.
/// </summary>
[Collection(DrillCollection.Name)]
public sealed class RemovalTests(DrillFixture fixture)
{
    public static TheoryData<string> Names => DrillTests.Names;

    public static TheoryData<string> Judged => [.. DrillCatalogue.All.Where(drill => !Removals.IsOfItsOwn(drill)).Select(drill => drill.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task It_gets_through_without_its_check(string name)
    {
        Drill drill = Find(name);
        DrillOutcome outcome = await Removals.TryAsync(fixture, drill, TestContext.Current.CancellationToken);
        Assert.True(outcome.RefusedBy is null, $"{outcome.RefusedBy}: {outcome.Detail}");
        Assert.NotEmpty(outcome.Text);
    }

    [Theory]
    [MemberData(nameof(Judged))]
    public async Task Its_check_refuses_it_alone(string name)
    {
        Drill drill = Find(name);
        DrillOutcome outcome = await Removals.TryAsync(fixture, drill, check => check != drill.Expected, TestContext.Current.CancellationToken);
        Assert.Equal(drill.Expected, outcome.RefusedBy);
    }

    private static Drill Find(string name) => DrillCatalogue.All.Single(drill => drill.Name == name);
}
