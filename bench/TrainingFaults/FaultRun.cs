using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Verathos.Bench.Peers;
using Verathos.Protocol.Grpc;

namespace Verathos.Bench.TrainingFaults;

/// <summary>One run with real processes, which are killed by a plan or left alone.</summary>
internal sealed class FaultRun : IDisposable
{
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_mostStill = TimeSpan.FromMinutes(5);
    private readonly FaultOptions _options;
    private readonly string _folder;
    private readonly string _what;
    private readonly Uri _address;
    private readonly List<Member> _members = [];
    private StateResponse? _state;

    public FaultRun(FaultOptions options, string folder, string run, string what, IReadOnlyList<MissedRound> sitOut)
    {
        (_options, _folder, _what) = (options, folder, what);
        using (TcpListener free = new(IPAddress.Loopback, 0))
        {
            free.Start();
            _address = new Uri($"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}");
        }

        string address = _address.GetLeftPart(UriPartial.Authority);
        Add("coordinator", "coordinator", ["train", "coordinator", "--run", run, "--dir", In("coordinator"), "--listen", address, "--allow-simulated", "--linger", "3"]);
        for (int worker = 1; worker <= options.Workers; worker++)
        {
            int[] out_ = [.. sitOut.Where(missed => missed.Worker == worker).Select(static missed => missed.Round)];
            Add("worker", $"worker {worker}",
            [
                "train", "worker", "--run", run, "--coordinator", address, "--dir", In($"worker-{worker}"), "--threads", "1",
                .. out_.Length > 0 ? ["--sit-out", string.Join(',', out_)] : (IReadOnlyList<string>)[],
            ]);
        }

        Add("validator", "validator", ["train", "validator", "--run", run, "--coordinator", address, "--dir", In("validator"), "--threads", "2", "--allow-simulated"]);
    }

    /// <summary>Kills of each kind.</summary>
    public IReadOnlyDictionary<string, int> Kills => _members.GroupBy(static member => member.Kind).ToDictionary(static group => group.Key, static group => group.Sum(static member => member.Kills));

    /// <summary>Kills in each phase.</summary>
    public SortedDictionary<string, int> KilledIn { get; } = new(StringComparer.Ordinal);

    /// <summary>Runs to the end.</summary>
    /// <param name="random">Decides kills; null for none.</param>
    /// <param name="missed">Rounds in which a worker is kept down.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Seconds.</returns>
    public async Task<double> RunAsync(Random? random, IReadOnlyList<MissedRound> missed, CancellationToken cancellationToken)
    {
        Stopwatch clock = Stopwatch.StartNew();
        _members.ForEach(static member => member.Start());
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task watch = WatchAsync(over.Token);
        try
        {
            TimeSpan next = Later(clock, random);
            (ulong round, TimeSpan moved, int kills) = (0, TimeSpan.Zero, 0);
            while (!_members.TrueForAll(static member => member.IsDone))
            {
                await Task.Delay(s_tick, cancellationToken).ConfigureAwait(false);
                StateResponse? state = Volatile.Read(ref _state);
                if (state is not null && (state.Round != round || moved == TimeSpan.Zero))
                {
                    (round, moved, kills) = (state.Round, clock.Elapsed, 0);
                    _options.Progress?.Invoke(_what, (int)Math.Max(1, round), _options.Rounds);
                }

                if (clock.Elapsed - moved > s_mostStill)
                {
                    throw new ReferenceException($"{_what}: nothing moved for {s_mostStill.TotalMinutes} minutes in round {round}, {state?.Phase}; see the logs in {_folder}");
                }

                Hold(state, missed);
                if (random is not null && clock.Elapsed >= next && kills < _options.PerRound && state is not null && state.Phase != "finished")
                {
                    kills++;
                    Kill(random, clock, state.Phase);
                    next = Later(clock, random);
                }

                foreach (Member member in _members.Where(member => !member.IsHeld && member.Back is { } back && clock.Elapsed >= back))
                {
                    member.Start();
                }

                _members.ForEach(static member => member.Check());
            }

            return clock.Elapsed.TotalSeconds;
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            await watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _members.ForEach(static member => member.Dispose());

    private void Kill(Random random, Stopwatch clock, string phase)
    {
        // One kind as often as the other, then one of its members.
        string kind = random.Next(3) switch { 0 => "coordinator", 1 => "validator", _ => "worker" };
        Member[] of = [.. _members.Where(member => member.Kind == kind && member.IsRunning && !member.IsHeld)];
        if (of.Length > 0)
        {
            Member member = of[random.Next(of.Length)];
            member.Kill();
            member.Back = clock.Elapsed + TimeSpan.FromSeconds(random.NextDouble() * 1.5);
            KilledIn[phase] = KilledIn.GetValueOrDefault(phase) + 1;
        }
    }

    // From the end of the round before, when nothing of the round that is missed was begun, until the round after.
    private void Hold(StateResponse? state, IReadOnlyList<MissedRound> missed)
    {
        foreach (MissedRound miss in missed)
        {
            Member member = _members.Single(one => one.Name == $"worker {miss.Worker}");
            bool now = state is not null && ((state.Round == (ulong)miss.Round - 1 && state.Phase == "judging") || state.Round == (ulong)miss.Round);
            if (now && !member.IsHeld)
            {
                member.IsHeld = true;
                member.Kill();
            }
            else if (member.IsHeld && state is not null && state.Round > (ulong)miss.Round && !missed.Any(other => other != miss && other.Worker == miss.Worker && state.Round == (ulong)other.Round))
            {
                member.IsHeld = false;
                member.Back = TimeSpan.Zero;
            }
        }
    }

    private TimeSpan Later(Stopwatch clock, Random? random) => clock.Elapsed + TimeSpan.FromSeconds(random is null ? 0 : -_options.Between * Math.Log(1 - random.NextDouble()));

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        using GrpcChannel channel = GrpcChannel.ForAddress(_address, new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler { UseProxy = false },
            DisposeHttpClient = true,
            InitialReconnectBackoff = TimeSpan.FromMilliseconds(50),
            MaxReconnectBackoff = TimeSpan.FromMilliseconds(200),
        });
        TrainingCoordinatorService.TrainingCoordinatorServiceClient client = new(channel);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                StateResponse state = await client.GetStateAsync(new StateRequest { Version = _state?.Version ?? 0, WaitMs = 1000 }, cancellationToken: cancellationToken).ResponseAsync.ConfigureAwait(false);
                Volatile.Write(ref _state, state);
            }
            catch (RpcException)
            {
                await Task.Delay(50, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private void Add(string kind, string name, IReadOnlyList<string> arguments) =>
        _members.Add(new Member(kind, name, [.. _options.Program, .. arguments], In(name.Replace(' ', '-').ToString(CultureInfo.InvariantCulture) + ".log")));

    private string In(string name) => Path.Combine(_folder, name);
}
