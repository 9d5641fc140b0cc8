using System.Text.Json;

namespace Verathos.Host.Tests.Processes;

/// <summary>A sample of <c>verathos bench training-faults</c>: a run over gRPC whose members are killed ends with the bits of one that was left alone.</summary>
public sealed class TrainingFaultsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vf-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_run_whose_members_are_killed_ends_with_the_same_bits()
    {
        await using ChildProcess bench = ChildProcess.Start(
            _folder, Programs.Verathos, "bench", "training-faults", "--rounds", "2", "--workers", "3", "--missed", "0", "--between", "0.5", "--per-round", "1", "--seed", "1", "--replay-share", "1", "--folder", Path.Combine(_folder, "runs"), "--json");
        int status = await bench.ExitAsync();
        Assert.True(status == 0, $"{bench.Output} {bench.Error}");
        using JsonDocument report = JsonDocument.Parse(bench.Output);
        JsonElement returned = report.RootElement.GetProperty("returned");
        Assert.True(returned.GetProperty("models_equal").GetBoolean());
        Assert.Equal((6, 6), (returned.GetProperty("records").GetInt32(), returned.GetProperty("records_equal").GetInt32()));

        // Every contribution has a step replayed, also after a validator's restart, and none is an honest worker's fault.
        Assert.Equal("Passed", Assert.Single(returned.GetProperty("replays").EnumerateObject()).Name);
        Assert.True(returned.GetProperty("kills").EnumerateObject().Sum(static kill => kill.Value.GetInt32()) > 0);
    }
}
