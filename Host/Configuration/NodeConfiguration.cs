using Verathos.GpuRuntime.Compute;

namespace Verathos.Host.Configuration;

/// <summary>Everything that an operator sets for a node. Immutable; every default is a working value.</summary>
public sealed record NodeConfiguration
{
    /// <summary>Addresses that clients reach, such as <c>http://127.0.0.1:8080</c> or <c>https://0.0.0.0:8443</c>; port 0 lets the system choose.</summary>
    public IReadOnlyList<string> Listen { get; init; } = ["http://127.0.0.1:8080"];

    /// <summary>PEM file with the certificate and its chain for https addresses.</summary>
    public string? TlsCertificate { get; init; }

    /// <summary>PEM file with the certificate's private key.</summary>
    public string? TlsKey { get; init; }

    /// <summary>A Hugging Face folder or a .gguf file; the demonstration model when absent.</summary>
    public string? Model { get; init; }

    /// <summary>Folders of LoRA adapters that are added to the model's weights, in this order.</summary>
    public IReadOnlyList<string> Adapters { get; init; } = [];

    /// <summary>Several models, the first being the default; in place of <see cref="Model"/> and <see cref="Adapters"/>.</summary>
    public IReadOnlyList<ModelConfiguration> Models { get; init; } = [];

    /// <summary>The platform driver, <c>simulated</c> or <c>tdx</c>; absent when <see cref="Enclave"/> says where the enclave is.</summary>
    public string? Tee { get; init; }

    /// <summary>The split topology's enclave, <c>unix:PATH</c>; in this process when absent.</summary>
    public string? Enclave { get; init; }

    /// <summary>A policy that the node's own evidence must satisfy before it is ready.</summary>
    public string? Policy { get; init; }

    /// <summary>Folder of the simulated authorities; the user's data folder when absent.</summary>
    public string? SimulatedAuthorities { get; init; }

    /// <summary>The numeric profile of the engine.</summary>
    public string Profile { get; init; } = NumericProfile.Served.Name;

    /// <summary>GPUs whose evidence the node presents; one when absent and simulated, none on hardware.</summary>
    public int? Gpus { get; init; }

    /// <summary>The operator's word that the whole program is inside the measured guest; without it hardware refuses one process.</summary>
    public bool WholeHostMeasured { get; init; }

    /// <summary>Who the node is in a subnet, or null.</summary>
    public IdentityConfiguration Identity { get; init; } = new();

    /// <summary>How much the engine does at once.</summary>
    public EngineConfiguration Engine { get; init; } = new();

    /// <summary>How long answers can be opened, and how often.</summary>
    public OpeningsConfiguration Openings { get; init; } = new();

    /// <summary>The path of the gateway resource.</summary>
    public string GatewayPath { get; init; } = "/verathos/gateway";

    /// <summary>Address for /metrics alone; on the <see cref="Listen"/> addresses, for callers on this machine only, when absent.</summary>
    public string? MetricsListen { get; init; }

    /// <summary>The least severe log event that is written.</summary>
    public string LogLevel { get; init; } = "information";

    /// <summary>What one client, and all clients together, may take.</summary>
    public LimitsConfiguration Limits { get; init; } = new();

    /// <summary>How long the node waits for what.</summary>
    public TimeoutsConfiguration Timeouts { get; init; } = new();

    /// <summary>The models that are to be served: <see cref="Models"/>, or the one that <see cref="Model"/> names.</summary>
    internal IReadOnlyList<ModelConfiguration> Served => Models.Count > 0 ? Models : [new ModelConfiguration { Path = Model, Adapters = Adapters }];
}
