using System.Diagnostics;
using Verathos.Client;
using Verathos.Host.Commands;
using Verathos.Host.Demo;
using Verathos.Testing;
using Verathos.Validator.Configuration;
using Verathos.Validator.Epochs;
using Verathos.Validator.State;

namespace Verathos.Validator.Tests.Epochs;

/// <summary>The program itself, killed again and again while it runs an epoch.</summary>
public sealed class KilledValidatorTests : IDisposable
{
    private const int Kills = 5;
    private readonly string _root = Path.Combine(Directory.CreateTempSubdirectory("verathos-killed-").FullName, "v");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_root)!, recursive: true);

    [Fact]
    public async Task A_validator_that_is_killed_at_any_point_sends_nothing_twice_counts_nothing_twice_and_loses_no_audit()
    {
        await using DemoNode node = await SimulatedNodes.StartAsync(SimulatedNodes.Honest());
        ValidatorFolder folder = SimulatedNodes.Folder(_root, [("a", node.Address)], static c => c with { EpochSeconds = 7, CanariesPerNode = 40, AuditWindowSeconds = 4, DeepPpm = 500_000, Parallel = 3 });
        Random random = new(5);
        for (int kill = 0; kill < Kills; kill++)
        {
            using Process victim = Start();
            await Task.Delay(300 + random.Next(1500), Cancel);
            for (int wait = 0; wait < 400 && !HasBegun(folder); wait++)
            {
                await Task.Delay(50, Cancel);
            }

            victim.Kill();
            await victim.WaitForExitAsync(Cancel);
            using ValidatorState state = ValidatorState.OpenReadOnly(folder.StatePath);
            Check(state);
        }

        using (Process last = Start())
        {
            Task<string> error = last.StandardError.ReadToEndAsync(Cancel);
            await last.WaitForExitAsync(Cancel);
            Assert.True(last.ExitCode == 0, await error);
        }

        using ValidatorState end = ValidatorState.OpenReadOnly(folder.StatePath);
        Check(end);
        Assert.NotNull(Assert.Single(end.Epochs()).EndedAt);
        Assert.Equal(NodeStatus.Active, end.Node("a")!.Status);
        IReadOnlyList<CanaryRow> canaries = end.Canaries(1);
        Assert.All(canaries, static canary => Assert.True(canary.State is WorkState.Ended or WorkState.Skipped));
        CanaryRow[] passed = [.. canaries.Where(static canary => canary.Result == WorkResult.Passed)];
        Assert.True(passed.Length > 5, $"{passed.Length} passed");

        // Every receipt has its audit, and none is under way any more.
        Assert.Equal(passed.Select(static canary => Convert.ToHexString(canary.Id)).Order(), end.Audits(1).Select(static audit => Convert.ToHexString(audit.Canary)).Order());
        Assert.All(end.Audits(1), static audit => Assert.Equal(WorkState.Ended, audit.State));
        Assert.Empty(AuditReveal.Verify(File.ReadAllBytes(EpochClose.RevealPath(folder, 1)), Convert.ToHexStringLower(end.Epoch(1)!.Commitment)));

        // The node numbers its answers without gaps: it served no canary more often than one left.
        using VerathosClient client = await VerathosClient.ConnectAsync(node.Address, TrustArguments.Simulated(), Cancel);
        ulong counter = (await client.CompleteAsync(Client.Requests.InferenceRequest.Chat([("user", "hello")], maxTokens: 1), Cancel)).Receipt.Counter;
        Assert.InRange((long)counter - 1, passed.Length, canaries.Count(static canary => canary.SentAt is not null));
    }

    private static bool HasBegun(ValidatorFolder folder)
    {
        try
        {
            using ValidatorState state = ValidatorState.OpenReadOnly(folder.StatePath);
            return state.LatestEpoch > 0;
        }
        catch (StateException)
        {
            return false;
        }
    }

    private static void Check(ValidatorState state)
    {
        foreach (NodeRow node in state.Nodes())
        {
            Assert.Equal(state.Recompute(node.Id), node.Evidence);
        }

        Assert.Equal(state.Outcomes().Count, state.Outcomes().Select(static outcome => (Convert.ToHexString(outcome.Canary), outcome.Test, outcome.Number)).Distinct().Count());
    }

    private Process Start()
    {
        string configuration = Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/'));
        ProcessStartInfo start = new("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in (string[])[Path.Combine(Vectors.RepositoryRoot, "artifacts", "bin", "Host", configuration, "verathos.dll"), "validator", "run", "--once", "--dir", _root])
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }
}
