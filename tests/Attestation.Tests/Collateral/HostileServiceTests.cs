using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Collateral.Cache;
using Verathos.Attestation.Collateral.Fetch;
using Verathos.Simulator.Collateral;
using Verathos.Simulator.Tdx;
using Verathos.Testing;

namespace Verathos.Attestation.Tests.Collateral;

/// <summary>Services that are slow, broken or hostile: nothing of theirs is stored, and the failure has its name.</summary>
public sealed class HostileServiceTests(SimulatedAuthorities authorities) : IClassFixture<SimulatedAuthorities>, IAsyncLifetime
{
    private static readonly FetchLimits Hasty = Collecting.Limits with
    {
        Attempt = TimeSpan.FromMilliseconds(400),
        Total = TimeSpan.FromSeconds(3),
        Retries = 1,
        LongestJson = 64 << 10,
    };

    private readonly ReplayServer _server = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-cache-").FullName;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    public static TheoryData<string, FetchFailure> Misdeeds => new()
    {
        { "silent", FetchFailure.TimedOut },
        { "dripping", FetchFailure.TimedOut },
        { "endless", FetchFailure.TooLarge },
        { "declared too long", FetchFailure.TooLarge },
        { "endless headers", FetchFailure.TooLarge },
        { "cut off", FetchFailure.Unreachable },
        { "closed at once", FetchFailure.Unreachable },
        { "not HTTP", FetchFailure.Unreachable },
        { "redirecting", FetchFailure.Redirected },
        { "redirecting for ever", FetchFailure.Redirected },
        { "404", FetchFailure.NotFound },
        { "404 and a page", FetchFailure.NotFound },
        { "410", FetchFailure.Gone },
        { "403", FetchFailure.Refused },
        { "429 and an hour", FetchFailure.Throttled },
        { "500", FetchFailure.ServerError },
        { "empty", FetchFailure.WrongContent },
        { "HTML", FetchFailure.WrongContent },
        { "no signature", FetchFailure.WrongContent },
        { "a changed document", FetchFailure.WrongContent },
        { "a chain in no header", FetchFailure.WrongContent },
        { "a chain of rubbish", FetchFailure.WrongContent },
        { "a member twice", FetchFailure.WrongContent },
        { "deep nesting", FetchFailure.WrongContent },
        { "another platform's", FetchFailure.WrongContent },
        { "SGX for TDX", FetchFailure.WrongContent },
        { "another root's", FetchFailure.WrongContent },
        { "expired", FetchFailure.Stale },
        { "from tomorrow", FetchFailure.Stale },
    };

    [Theory]
    [MemberData(nameof(Misdeeds))]
    public async Task A_misdeed_has_its_name_and_leaves_nothing(string misdeed, FetchFailure expected)
    {
        IntelService intel = Service(new CollateralSpec()).On(_server);
        string elsewhere = "/elsewhere";
        _server.Reply(elsewhere, ReplayServer.Ok(intel.TcbInfo, intel.TcbChain));
        Misbehave(misdeed, intel, elsewhere);
        CollateralCache cache = new(_folder);
        CollectedCollateral collected = await CollectAsync(cache);

        Assert.NotNull(collected.Failure);
        Assert.True(collected.Failure.Failure == expected, collected.Failure.Message);
        Assert.Contains("TCB info for FMSPC 00806f050000", collected.Failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(collected.Failure.Message, char.IsControl);
        Assert.DoesNotContain("<html", collected.Failure.Message, StringComparison.Ordinal);
        Assert.True(collected.Json.IsEmpty);
        Assert.Empty(await cache.ListAsync(authorities.Anchors, SimulatedAuthorities.Now, TestContext.Current.CancellationToken));
        Assert.DoesNotContain(elsewhere, _server.Targets);
    }

    [Fact]
    public async Task A_service_that_fails_twice_and_then_answers_is_asked_three_times()
    {
        IntelService intel = Service(new CollateralSpec()).On(_server);
        _server.Sequence(intel.TcbPath, ReplayServer.Whole(503, []), ReplayServer.Whole(429, [], ("Retry-After", "0")), ReplayServer.Ok(intel.TcbInfo, intel.TcbChain));
        Assert.Null((await CollectAsync(new CollateralCache(_folder), Collecting.Limits)).Failure);
        Assert.Equal(3, _server.Targets.Count(target => target == intel.TcbPath));
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_asked_for_again()
    {
        IntelService intel = Service(new CollateralSpec()).On(_server);
        byte[] whole = ReplayServer.Ok(intel.TcbInfo, intel.TcbChain);
        _server.Sequence(intel.TcbPath, whole[..^100], whole);
        Assert.Null((await CollectAsync(new CollateralCache(_folder))).Failure);
    }

    [Fact]
    public async Task Wrong_content_is_not_asked_for_again()
    {
        IntelService intel = Service(new CollateralSpec()).On(_server);
        _server.Reply(intel.TcbPath, ReplayServer.Ok("<html>"u8, intel.TcbChain));
        await CollectAsync(new CollateralCache(_folder), Collecting.Limits);
        Assert.Single(_server.Targets, target => target == intel.TcbPath);
    }

    [Theory]
    [InlineData(20, 5, "its number 20 is below 21")]
    [InlineData(21, -3, "and one of")]
    public async Task What_is_older_than_was_seen_is_refused_by_name(int number, int hours, string said)
    {
        CollateralCache cache = new(_folder);
        Service(new CollateralSpec { TcbEvaluationDataNumber = 21 }).On(_server);
        Assert.Null((await CollectAsync(cache)).Failure);

        Service(new CollateralSpec { TcbEvaluationDataNumber = number, IssueDate = SimulatedAuthorities.Now.AddHours(hours < 0 ? hours : -1) }).On(_server);
        CollectedCollateral downgraded = await CollectAsync(cache, options: new CollectOptions { Refresh = true });

        Assert.Equal(FetchFailure.Downgraded, downgraded.Failure!.Failure);
        Assert.Contains("TCB info for FMSPC 00806f050000", downgraded.Failure.Message, StringComparison.Ordinal);
        Assert.Contains(said, downgraded.Failure.Message, StringComparison.Ordinal);
        Assert.All(
            await cache.ListAsync(authorities.Anchors, SimulatedAuthorities.Now, TestContext.Current.CancellationToken), entry => Assert.Null(entry.Problem));
    }

    [Fact]
    public async Task An_older_list_is_refused_by_its_number()
    {
        CollateralCache cache = new(_folder);
        Service(new CollateralSpec { CrlNumber = 300 }).On(_server);
        Assert.Null((await CollectAsync(cache)).Failure);

        Service(new CollateralSpec { CrlNumber = 44 }).On(_server);
        CollectedCollateral downgraded = await CollectAsync(cache, options: new CollectOptions { Refresh = true });

        Assert.Equal(FetchFailure.Downgraded, downgraded.Failure!.Failure);
        Assert.Contains("PCK platform CA", downgraded.Failure.Message, StringComparison.Ordinal);
        Assert.Contains("its number 44 is below 300", downgraded.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failing_service_leaves_what_is_stored_and_in_date_in_use()
    {
        CollateralCache cache = new(_folder);
        IntelService intel = Service(new CollateralSpec()).On(_server);
        Assert.Null((await CollectAsync(cache)).Failure);
        _server.Reply(intel.TcbPath, ReplayServer.Whole(500, []));
        CollectedCollateral again = await CollectAsync(cache, options: new CollectOptions { Refresh = true });

        Assert.Null(again.Failure);
        Assert.Equal(DocumentOrigin.CacheForLackOfService, again.Documents[0].Origin);
        Assert.Contains("HTTP 500", again.Documents[0].Remark!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hostile_service_does_not()
    {
        CollateralCache cache = new(_folder);
        IntelService intel = Service(new CollateralSpec()).On(_server);
        Assert.Null((await CollectAsync(cache)).Failure);
        _server.Reply(intel.TcbPath, ReplayServer.Ok("<html>"u8, intel.TcbChain));
        Assert.Equal(FetchFailure.WrongContent, (await CollectAsync(cache, options: new CollectOptions { Refresh = true })).Failure!.Failure);
    }

    [Theory]
    [InlineData("http://example.org/")]
    [InlineData("https://name:word@example.org/")]
    [InlineData("https://example.org/?x=1")]
    [InlineData("ftp://127.0.0.1/")]
    public void An_address_that_may_not_be_asked_is_refused_before_anything_is_sent(string address)
    {
        using CollateralTransport transport = CollateralTransport.Create(Hasty);
        ArgumentException refused = Assert.Throws<ArgumentException>(() => new CollateralNetwork(transport, new CollateralServices { Pccs = new Uri(address) }));
        Assert.Contains("PCCS", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_unsound_limit_is_named()
    {
        FetchLimits limits = new() { Attempt = TimeSpan.Zero, Total = TimeSpan.FromHours(2), Retries = 11, FirstDelay = TimeSpan.Zero, LongestJson = 0 };
        Assert.Equal(5, limits.Problems().Count);
        Assert.Throws<ArgumentException>(() => CollateralTransport.Create(limits));
    }

    [Fact]
    public async Task Stopping_stops_at_once()
    {
        IntelService intel = Service(new CollateralSpec()).On(_server);
        _server.Play(intel.TcbPath, (_, _, token) => Task.Delay(Timeout.Infinite, token));
        using CollateralTransport transport = CollateralTransport.Create(Collecting.Limits);
        using CancellationTokenSource stop = new();
        CollateralNetwork network = new(transport, Collecting.At(_server));
        Task<CollateralDocument> waiting = network.FetchAsync(new CollateralItem.PlatformTcb(true, "00806f050000", TcbSelection.Default), stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task Any_changed_answer_is_refused_or_says_the_same_and_nothing_throws_but_its_name()
    {
        IntelService intel = Service(new CollateralSpec()).On(_server);
        byte[] whole = ReplayServer.Ok(intel.TcbInfo, intel.TcbChain);
        int start = whole.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        Random random = new(11);
        using CollateralTransport transport = CollateralTransport.Create(Collecting.Limits);
        CollateralNetwork network = new(transport, Collecting.At(_server));
        CollateralItem item = new CollateralItem.PlatformTcb(true, "00806f050000", TcbSelection.Default);
        for (int i = 0; i < 150; i++)
        {
            byte[] changed = [.. whole];
            changed[random.Next(start, changed.Length)] ^= (byte)(1 << random.Next(8));
            _server.Reply(intel.TcbPath, changed);
            try
            {
                // Outside of the signed text white space and the case of digits are free: then it is the same document.
                CollateralDocument document = await network.FetchAsync(item, TestContext.Current.CancellationToken);
                bool holds = DocumentVerifier.Verify(document, authorities.Anchors, item, out _) is not null;
                Assert.Equal(holds, document.Body.Span.SequenceEqual(Encoding.UTF8.GetBytes(intel.Text("tcb_info")))
                    && document.Signature.Span.SequenceEqual(Convert.FromHexString(intel.Text("tcb_info_signature"))));
            }
            catch (CollateralException e)
            {
                Assert.Equal(FetchFailure.WrongContent, e.Failure);
            }
        }
    }

    private void Misbehave(string misdeed, IntelService intel, string elsewhere)
    {
        byte[] whole = ReplayServer.Ok(intel.TcbInfo, intel.TcbChain);
        switch (misdeed)
        {
            case "silent":
                _server.Play(intel.TcbPath, (_, _, token) => Task.Delay(Timeout.Infinite, token));
                break;
            case "dripping":
                _server.Play(intel.TcbPath, (_, stream, token) => DripAsync(stream, whole, token));
                break;
            case "endless":
                _server.Play(intel.TcbPath, (_, stream, token) => FloodAsync(stream, "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n", "400\r\n" + new string(' ', 0x400) + "\r\n", token));
                break;
            case "declared too long":
                Reply("HTTP/1.1 200 X\r\nContent-Length: 1000000000000\r\n\r\n{");
                break;
            case "endless headers":
                _server.Play(intel.TcbPath, (_, stream, token) => FloodAsync(stream, "HTTP/1.1 200 X\r\n", $"X-{new string('a', 500)}: b\r\n", token));
                break;
            case "cut off":
                _server.Reply(intel.TcbPath, whole[..^10]);
                break;
            case "closed at once":
                _server.Play(intel.TcbPath, (_, _, _) => Task.CompletedTask);
                break;
            case "not HTTP":
                Reply("SSH-2.0-OpenSSH\r\n\r\n");
                break;
            case "redirecting":
                Reply($"HTTP/1.1 302 X\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n");
                break;
            case "redirecting for ever":
                Reply($"HTTP/1.1 307 X\r\nLocation: {intel.TcbPath}\r\nContent-Length: 0\r\n\r\n");
                break;
            case "429 and an hour":
                Reply("HTTP/1.1 429 X\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n");
                break;
            case "404" or "410" or "403" or "500":
                _server.Reply(intel.TcbPath, ReplayServer.Whole(int.Parse(misdeed, CultureInfo.InvariantCulture), "\u001b[2Jno"u8));
                break;
            case "404 and a page":
                _server.Reply(intel.TcbPath, ReplayServer.Whole(404, "\n<html><body>not here</body></html>"u8));
                break;
            case "empty":
                Body("");
                break;
            case "HTML":
                Body("<html><body>Welcome to the hotel's network</body></html>");
                break;
            case "no signature":
                Body($"{{\"tcbInfo\":{intel.Text("tcb_info")}}}");
                break;
            case "a changed document":
                Body(Encoding.UTF8.GetString(intel.TcbInfo).Replace("OutOfDate", "UpToDate", StringComparison.Ordinal));
                break;
            case "a chain in no header":
                _server.Reply(intel.TcbPath, ReplayServer.Ok(intel.TcbInfo));
                break;
            case "a chain of rubbish":
                _server.Reply(intel.TcbPath, ReplayServer.Ok(intel.TcbInfo, ("TCB-Info-Issuer-Chain", "%ff%00%2D%2D-----BEGIN CERTIFICATE-----")));
                break;
            case "a member twice":
                Body($"{{\"tcbInfo\":{intel.Text("tcb_info")},\"tcbInfo\":{{}},\"signature\":\"{intel.Text("tcb_info_signature")}\"}}");
                break;
            case "deep nesting":
                Body(new string('[', 30_000));
                break;
            case "another platform's":
                Other(new CollateralSpec { Fmspc = [0x00, 0x80, 0x6F, 0x05, 0, 1] });
                break;
            case "SGX for TDX":
                Other(new CollateralSpec { TcbInfoId = "SGX" });
                break;
            case "another root's":
                IntelService foreign = new(authorities.Foreign.Collateral.Mint(new CollateralSpec()), tdx: true, "00806f050000");
                _server.Reply(intel.TcbPath, ReplayServer.Ok(foreign.TcbInfo, foreign.TcbChain));
                break;
            case "expired":
                Other(new CollateralSpec { IssueDate = SimulatedAuthorities.Now.AddDays(-40), NextUpdate = SimulatedAuthorities.Now.AddDays(-10) });
                break;
            default:
                Other(new CollateralSpec { IssueDate = SimulatedAuthorities.Now.AddDays(1) });
                break;
        }

        void Reply(string answer) => _server.Reply(intel.TcbPath, Encoding.Latin1.GetBytes(answer));

        void Body(string body) => _server.Reply(intel.TcbPath, ReplayServer.Ok(Encoding.UTF8.GetBytes(body), intel.TcbChain));

        void Other(CollateralSpec spec)
        {
            IntelService other = Service(spec);
            _server.Reply(intel.TcbPath, ReplayServer.Ok(other.TcbInfo, other.TcbChain));
        }
    }

    private static async Task DripAsync(NetworkStream stream, byte[] answer, CancellationToken token)
    {
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(50));
        foreach (byte value in answer)
        {
            await timer.WaitForNextTickAsync(token);
            await stream.WriteAsync(new[] { value }, token);
        }
    }

    private static async Task FloodAsync(NetworkStream stream, string head, string piece, CancellationToken token)
    {
        await stream.WriteAsync(Encoding.Latin1.GetBytes(head), token);
        byte[] bytes = Encoding.Latin1.GetBytes(piece);
        while (true)
        {
            await stream.WriteAsync(bytes, token);
        }
    }

    private IntelService Service(CollateralSpec spec) => new(authorities.Trusted.Collateral.Mint(spec), tdx: true, "00806f050000");

    private Task<CollectedCollateral> CollectAsync(CollateralCache cache, FetchLimits? limits = null, CollectOptions? options = null) => Collecting.CollectAsync(
        _server, Collecting.Quote(authorities.Trusted.Tdx.Mint(new TdxQuoteSpec { ReportData = new byte[64] })), authorities.Anchors, SimulatedAuthorities.Now, cache,
        limits ?? Hasty, options);
}
