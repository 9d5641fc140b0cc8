using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Time.Testing;
using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Client;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Enclave;
using Verathos.Enclave.Platform;
using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Configuration;
using Verathos.Host.Front;
using Verathos.Host.Tests.Processes;
using Verathos.Testing;

namespace Verathos.Host.Tests.Front;

/// <summary>A nonce whose evidence is too old, for the enclave that forgot its binding or for the client's policy.</summary>
public sealed partial class StaleEvidenceTests : IAsyncLifetime
{
    private const int Remembered = 4;

    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-stale-").FullName;
    private IPlatformDriver? _driver;
    private EnclaveCore? _enclave;
    private FrontServer? _front;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        string model = Path.Combine(_folder, "model");
        RandomModelFolder.Write(model, hidden: 64, layers: 1);
        LoadedModel loaded = ModelLoader.Load(model, new LoadOptions { Profile = NumericProfile.Served, Threads = 1 }, null, Cancel);
        _driver = PlatformDrivers.Create("simulated", new PlatformOptions { GpuCount = 1, InstallationFolder = Path.Combine(_folder, "authorities") });
        _enclave = await EnclaveCore.StartAsync(loaded, _driver, new EnclaveOptions { BindingCapacity = Remembered }, TimeProvider.System, Cancel);
        _front = new FrontServer(new NodeConfiguration { Listen = ["http://127.0.0.1:0"], Tee = "simulated" }, _enclave);
        await _front.StartAsync(Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _front!.DisposeAsync();
        await _enclave!.DisposeAsync();
        (_driver as IDisposable)?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_client_whose_binding_is_forgotten_attests_again_and_is_answered()
    {
        using WatchingHandler watch = new();
        using VerathosClient client = await ConnectAsync(watch);
        await ForgetAsync();

        Answer answer = await client.CompleteAsync(Ask(), Cancel);

        Assert.True(answer.ReceiptVerdict.Valid);
        Assert.Equal(2, client.Session.Attestations);
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK], watch.Gateway);
    }

    [Fact]
    public async Task A_binding_that_stays_forgotten_is_a_sealed_409_that_says_to_attest_again()
    {
        using WatchingHandler watch = new() { AfterEvidence = ForgetAsync };
        using VerathosClient client = await ConnectAsync(watch);

        VerathosException failure = await Assert.ThrowsAsync<VerathosException>(() => client.CompleteAsync(Ask(), Cancel));

        Assert.Equal((ClientFailure.Refused, 409), (failure.Failure, failure.StatusCode));
        Assert.Contains("binding_mismatch", failure.ErrorBody, StringComparison.Ordinal);
        Assert.Contains("Fetch evidence for a fresh nonce", failure.ErrorBody, StringComparison.Ordinal);
        // Sealed: what the network sees is a success each time.
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK], watch.Gateway);
    }

    [Fact]
    public async Task Evidence_older_than_the_policy_allows_is_fetched_again_before_anything_is_sealed_to_it()
    {
        FakeTimeProvider clock = new(TimeProvider.System.GetUtcNow());
        string simulated = await File.ReadAllTextAsync(Path.Combine(Vectors.RepositoryRoot, "policies", "simulated.json"), Cancel);
        string strict = MaxAge().Replace(simulated, "$1 30");
        Assert.NotEqual(simulated, strict);
        Assert.True(Policy.TryParse(Encoding.UTF8.GetBytes(strict), out Policy? policy, out IReadOnlyList<string> errors), string.Join("; ", errors));
        using WatchingHandler watch = new();
        using VerathosClient client = await ConnectAsync(watch, policy, clock);
        clock.Advance(TimeSpan.FromSeconds(31));

        Answer answer = await client.CompleteAsync(Ask(), Cancel);

        Assert.True(answer.ReceiptVerdict.Valid);
        Assert.Equal(2, client.Session.Attestations);
        Assert.Equal([HttpStatusCode.OK], watch.Gateway);
    }

    private static InferenceRequest Ask() => InferenceRequest.Chat([("user", "hello")], temperature: 1, maxTokens: 2);

    private async Task ForgetAsync()
    {
        for (int i = 0; i < Remembered; i++)
        {
            await _enclave!.GetEvidenceAsync(RandomNumberGenerator.GetBytes(32), Cancel);
        }
    }

    private async Task<VerathosClient> ConnectAsync(HttpMessageHandler handler, Policy? policy = null, TimeProvider? time = null)
    {
        Assert.True(TrustAnchors.TryLoadSimulated(Path.Combine(_folder, "authorities"), out TrustAnchors? anchors, out string? error), error);
        ClientOptions options = new()
        {
            Policy = policy ?? Policy.BuiltIn("simulated"),
            TrustAnchors = anchors,
            AllowSimulated = true,
            HttpMessageHandler = handler,
            TimeProvider = time ?? TimeProvider.System,
        };
        return await VerathosClient.ConnectAsync(_front!.Addresses[0], options, Cancel);
    }

    [GeneratedRegex("(\"maxEvidenceAgeSeconds\":) *[0-9]+")]
    private static partial Regex MaxAge();

    private sealed class WatchingHandler() : DelegatingHandler(new SocketsHttpHandler())
    {
        public Func<Task>? AfterEvidence { get; init; }

        public List<HttpStatusCode> Gateway { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage answer = await base.SendAsync(request, cancellationToken);
            if (request.Method == HttpMethod.Post)
            {
                Gateway.Add(answer.StatusCode);
            }
            else if (AfterEvidence is { } after)
            {
                await after();
            }

            return answer;
        }
    }
}
