using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Client;
using Verathos.Client.Requests;

namespace Verathos.Host.Tests.Processes;

/// <summary>
/// An enclave process on a slow model, in a folder of its own, and what a client needs to talk to nodes in front of it.
/// Shared by the tests of a class; each starts the fronts that it needs.
/// </summary>
public sealed class SplitNode : IAsyncLifetime
{
    private readonly string _root = Directory.CreateTempSubdirectory("vh-").FullName;
    private int _fronts;

    /// <summary>The enclave process.</summary>
    internal ChildProcess Enclave { get; private set; } = null!;

    /// <summary>Whether the model is as small as can be, for tests that start many enclaves.</summary>
    internal bool Small { get; init; }

    /// <summary>Whether there are two models, "first" and "second".</summary>
    internal bool Several { get; init; }

    /// <summary>The enclave's socket.</summary>
    public string Socket => Path.Combine(_root, "e.sock");

    private string Authorities => Path.Combine(_root, "authorities");

    private string Model => Path.Combine(_root, "model");

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        RandomModelFolder.Write(Model, Small ? 64 : 384, Small ? 1 : 10);
        if (Several)
        {
            RandomModelFolder.Write(Model + "-2", 128, 2);
        }

        await StartEnclaveAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Enclave.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    /// <summary>A prompt that is nowhere else in the world.</summary>
    public static string NewCanary() => $"canary {Guid.NewGuid():N} sings of {Guid.NewGuid():N}";

    /// <summary>Starts the enclave process, again perhaps.</summary>
    internal async Task StartEnclaveAsync()
    {
        Enclave = ChildProcess.Start(
            Folder("enclave"), Programs.Verathos,
            ["enclave", "--listen", "unix:" + Socket, "--tee", "simulated", "--simulated-authorities", Authorities, "--allow-dumps", .. ModelArguments()]);
        await Enclave.SaysAsync("enclave ready");
    }

    /// <summary>Starts the program's own front.</summary>
    internal ChildProcess StartFront(out string folder, params string[] arguments)
    {
        folder = Folder($"front-{++_fronts}");
        return ChildProcess.Start(folder, Programs.Verathos, ["node", "--enclave", "unix:" + Socket, "--listen", "http://127.0.0.1:0", .. arguments]);
    }

    /// <summary>Starts the program as front and enclave in one process, on the same model and under the same authorities.</summary>
    internal ChildProcess StartWhole(params string[] arguments) => ChildProcess.Start(
        Folder($"front-{++_fronts}"), Programs.Verathos,
        ["node", "--tee", "simulated", "--simulated-authorities", Authorities, "--model", Model, "--listen", "http://127.0.0.1:0", .. arguments]);

    /// <summary>Starts a front that leaks on purpose.</summary>
    internal ChildProcess StartLeakingFront(string leak, out string folder)
    {
        folder = Folder($"front-{++_fronts}");
        return ChildProcess.Start(folder, Programs.ControlHost, leak, Socket);
    }

    /// <summary>Connects as a client that takes simulated evidence.</summary>
    internal async Task<VerathosClient> ConnectAsync(Uri node, HttpMessageHandler? handler = null)
    {
        Assert.True(TrustAnchors.TryLoadSimulated(Authorities, out TrustAnchors? anchors, out string? error), error);
        ClientOptions options = new()
        {
            Policy = Policy.BuiltIn("simulated"),
            TrustAnchors = anchors,
            AllowSimulated = true,
            HttpMessageHandler = handler,
        };
        return await VerathosClient.ConnectAsync(node, options, TestContext.Current.CancellationToken);
    }

    /// <summary>A request for a long answer.</summary>
    internal static InferenceRequest Ask(string prompt, int tokens) => InferenceRequest.Chat([("user", prompt)], temperature: 1, maxTokens: tokens);

    private string[] ModelArguments() => Several
        ? ["--config", WriteConfiguration(), "--model", "first=" + Model, "--model", "second=" + Model + "-2"]
        : ["--model", Model];

    // Few places, so that a burst meets the limits.
    private string WriteConfiguration()
    {
        string path = Path.Combine(_root, "enclave.json");
        File.WriteAllText(path, """{"engine": {"maxActive": 3, "queue": 4, "kvMebibytes": 8}}""");
        return path;
    }

    private string Folder(string name) => Directory.CreateDirectory(Path.Combine(_root, name)).FullName;
}
