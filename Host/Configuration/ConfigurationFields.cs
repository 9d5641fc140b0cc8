using Verathos.GpuRuntime.Compute;

namespace Verathos.Host.Configuration;

/// <summary>Every member of the configuration file.</summary>
internal static class ConfigurationFields
{
    public static IReadOnlyList<ConfigurationField> All { get; } =
    [
        new("listen", FieldKind.TextList, "Addresses that clients reach: http://HOST:PORT or https://HOST:PORT. Port 0 lets the system choose.",
            c => c.Listen, (c, v) => c with { Listen = (IReadOnlyList<string>)v }),
        new("tlsCertificate", FieldKind.Text, "PEM file with the certificate and its chain for https addresses.",
            c => c.TlsCertificate, (c, v) => c with { TlsCertificate = (string)v }),
        new("tlsKey", FieldKind.Text, "PEM file with the certificate's private key.",
            c => c.TlsKey, (c, v) => c with { TlsKey = (string)v }),
        new("model", FieldKind.Text, "A Hugging Face folder or a .gguf file. The demonstration model when absent. Not with enclave.",
            c => c.Model, (c, v) => c with { Model = (string)v }),
        new("adapters", FieldKind.TextList, "Folders of LoRA adapters (adapter_config.json, adapter_model.safetensors) that are added to the model's weights, in this order. Not with enclave.",
            c => c.Adapters, (c, v) => c with { Adapters = (IReadOnlyList<string>)v }),
        new("models", FieldKind.Models, "Several models in one node, the default first, in place of model and adapters. Not with enclave.",
            c => c.Models, (c, v) => c with { Models = (IReadOnlyList<ModelConfiguration>)v }),
        new("tee", FieldKind.Text, "The platform whose evidence the node presents. Not with enclave, which has its own.",
            c => c.Tee, (c, v) => c with { Tee = (string)v })
        { Choices = ["simulated", "tdx"] },
        new("enclave", FieldKind.Text, "Where the enclave process listens, unix:PATH. In the node's own process when absent.",
            c => c.Enclave, (c, v) => c with { Enclave = (string)v }),
        new("policy", FieldKind.Text, "Policy that the node's own evidence must satisfy before the node starts.",
            c => c.Policy, (c, v) => c with { Policy = (string)v }),
        new("simulatedAuthorities", FieldKind.Text, "Folder of the simulated authorities. The user's data folder when absent.",
            c => c.SimulatedAuthorities, (c, v) => c with { SimulatedAuthorities = (string)v }),
        new("profile", FieldKind.Text, "The engine's numeric profile.",
            c => c.Profile, (c, v) => c with { Profile = (string)v })
        { Choices = [.. NumericProfile.All.Select(profile => profile.Name)] },
        new("gpus", FieldKind.Whole, "GPUs whose evidence the node presents. One when absent and simulated, none on hardware.",
            c => (long?)c.Gpus, (c, v) => c with { Gpus = (int)(long)v })
        { Maximum = 16 },
        new("wholeHostMeasured", FieldKind.Flag, "The operator's word that the whole program is inside the measured guest. Without it tdx needs enclave.",
            c => c.WholeHostMeasured, (c, v) => c with { WholeHostMeasured = (bool)v }),
        new("gatewayPath", FieldKind.Text, "Path of the gateway resource that takes sealed requests.",
            c => c.GatewayPath, (c, v) => c with { GatewayPath = (string)v }),
        new("metricsListen", FieldKind.Text, "Address for /metrics alone, http://HOST:PORT. On the listen addresses for callers on this machine only when absent.",
            c => c.MetricsListen, (c, v) => c with { MetricsListen = (string)v }),
        new("logLevel", FieldKind.Text, "The least severe log event that is written.",
            c => c.LogLevel, (c, v) => c with { LogLevel = (string)v })
        { Choices = ["debug", "information", "warning", "error"] },

        new("identity.genesisHash", FieldKind.Text, "The chain's genesis hash in 64 hex digits.",
            c => c.Identity.GenesisHash, (c, v) => c with { Identity = c.Identity with { GenesisHash = (string)v } }),
        new("identity.netUid", FieldKind.Whole, "The subnet's number.",
            c => (long?)c.Identity.NetUid, (c, v) => c with { Identity = c.Identity with { NetUid = (int)(long)v } })
        { Maximum = 65_535 },
        new("identity.hotkey", FieldKind.Text, "The node's hotkey, its public key in 64 hex digits.",
            c => c.Identity.Hotkey, (c, v) => c with { Identity = c.Identity with { Hotkey = (string)v } }),

        new("engine.maxActive", FieldKind.Whole, "Sequences that generate side by side, of all models together.",
            c => (long)c.Engine.MaxActive, (c, v) => c with { Engine = c.Engine with { MaxActive = (int)(long)v } })
        { Minimum = 1, Maximum = 1024 },
        new("engine.queue", FieldKind.Whole, "Requests that wait inside the enclave, for whichever model.",
            c => (long)c.Engine.Queue, (c, v) => c with { Engine = c.Engine with { Queue = (int)(long)v } })
        { Minimum = 1, Maximum = 100_000 },
        new("engine.maxOutputTokens", FieldKind.Whole, "The most tokens of one answer.",
            c => (long)c.Engine.MaxOutputTokens, (c, v) => c with { Engine = c.Engine with { MaxOutputTokens = (int)(long)v } })
        { Minimum = 1, Maximum = 1 << 20 },
        new("engine.maxContext", FieldKind.Whole, "The longest prompt plus answer in tokens. A model's own limit when absent.",
            c => (long?)c.Engine.MaxContext, (c, v) => c with { Engine = c.Engine with { MaxContext = (int)(long)v } })
        { Minimum = 16, Maximum = 1 << 20 },
        new("engine.kvMebibytes", FieldKind.Whole, "Memory for keys and values of all running requests together, in MiB. Half of the memory that is free once the models are loaded when absent.",
            c => (long?)c.Engine.KvMebibytes, (c, v) => c with { Engine = c.Engine with { KvMebibytes = (int)(long)v } })
        { Minimum = 1, Maximum = 1 << 24 },

        Opening("keptSeconds", "How long what is needed to open an answer is kept after its receipt, in seconds.", 3600,
            o => o.KeptSeconds, (o, v) => o with { KeptSeconds = v }),
        Opening("keptAnswers", "The most answers that are kept. The oldest make room.", 1_000_000,
            o => o.KeptAnswers, (o, v) => o with { KeptAnswers = v }),
        Opening("keptMebibytes", "The most memory of kept answers, in MiB. The oldest make room.", 1 << 20,
            o => o.KeptMebibytes, (o, v) => o with { KeptMebibytes = v }),
        Opening("perReceipt", "The most openings of one receipt.", 1_000_000,
            o => o.PerReceipt, (o, v) => o with { PerReceipt = v }),
        Opening("perMinute", "The most openings a minute, of all receipts together; at least as many as of one receipt.", 1_000_000,
            o => o.PerMinute, (o, v) => o with { PerMinute = v }),

        Limit("bodyBytes", "Longest sealed request in bytes. A longer one is answered 413.", 1024, 64L << 20,
            l => l.BodyBytes, (l, v) => l with { BodyBytes = v }),
        Limit("headerBytes", "Longest request header section in bytes. A longer one is answered 431.", 1024, 1 << 20,
            l => l.HeaderBytes, (l, v) => l with { HeaderBytes = (int)v }),
        Limit("connections", "Connections open at once, over all addresses.", 1, 1_000_000,
            l => l.Connections, (l, v) => l with { Connections = (int)v }),
        Limit("concurrency", "Sealed requests that the enclave works on at once.", 1, 4096,
            l => l.Concurrency, (l, v) => l with { Concurrency = (int)v }),
        Limit("queue", "Sealed requests that wait for a place. One more is answered 429.", 0, 100_000,
            l => l.Queue, (l, v) => l with { Queue = (int)v }),
        Limit("arriving", "Sealed requests that are still arriving; they take no place. One more is answered 429.", 1, 100_000,
            l => l.Arriving, (l, v) => l with { Arriving = (int)v }),
        Limit("clientArriving", "Sealed requests of one client address that are still arriving. One more is answered 429.", 1, 100_000,
            l => l.ClientArriving, (l, v) => l with { ClientArriving = (int)v }),
        Limit("evidence", "Requests for evidence that wait or run at once. One more is answered 429.", 1, 100_000,
            l => l.Evidence, (l, v) => l with { Evidence = (int)v }),
        Limit("clientPerMinute", "Requests a minute that one client address may make in the long run.", 1, 10_000_000,
            l => l.ClientPerMinute, (l, v) => l with { ClientPerMinute = (int)v }),
        Limit("clientBurst", "Requests that one client address may make at once before clientPerMinute counts.", 1, 1_000_000,
            l => l.ClientBurst, (l, v) => l with { ClientBurst = (int)v }),
        new("limits.exemptClients", FieldKind.TextList, "Networks whose clients are not counted one by one, such as a relay's: 192.0.2.0/24.",
            c => c.Limits.ExemptClients, (c, v) => c with { Limits = c.Limits with { ExemptClients = (IReadOnlyList<string>)v } }),

        Timeout("headerSeconds", "For a request's header section.", t => t.HeaderSeconds, (t, v) => t with { HeaderSeconds = v }),
        Timeout("bodySeconds", "For the whole of a sealed request.", t => t.BodySeconds, (t, v) => t with { BodySeconds = v }),
        Timeout("idleSeconds", "For the next bytes of a sealed request.", t => t.IdleSeconds, (t, v) => t with { IdleSeconds = v }),
        Timeout("writeSeconds", "For a client to take the next bytes of an answer.", t => t.WriteSeconds, (t, v) => t with { WriteSeconds = v }),
        Timeout("queueSeconds", "For a place among the running requests.", t => t.QueueSeconds, (t, v) => t with { QueueSeconds = v }),
        Timeout("answerSeconds", "For a whole answer.", t => t.AnswerSeconds, (t, v) => t with { AnswerSeconds = v }),
        Timeout("evidenceSeconds", "For evidence.", t => t.EvidenceSeconds, (t, v) => t with { EvidenceSeconds = v }),
        Timeout("drainSeconds", "For running answers to finish once the node was told to stop.",
            t => t.DrainSeconds, (t, v) => t with { DrainSeconds = v }),
    ];

    private static ConfigurationField Limit(
        string name,
        string description,
        long minimum,
        long maximum,
        Func<LimitsConfiguration, long> get,
        Func<LimitsConfiguration, long, LimitsConfiguration> set) =>
        new("limits." + name, FieldKind.Whole, description, c => get(c.Limits), (c, v) => c with { Limits = set(c.Limits, (long)v) })
        {
            Minimum = minimum,
            Maximum = maximum,
        };

    private static ConfigurationField Opening(
        string name,
        string description,
        long maximum,
        Func<OpeningsConfiguration, int> get,
        Func<OpeningsConfiguration, int, OpeningsConfiguration> set) =>
        new("openings." + name, FieldKind.Whole, description, c => (long)get(c.Openings), (c, v) => c with { Openings = set(c.Openings, (int)(long)v) })
        {
            Minimum = 1,
            Maximum = maximum,
        };

    private static ConfigurationField Timeout(
        string name,
        string description,
        Func<TimeoutsConfiguration, int> get,
        Func<TimeoutsConfiguration, int, TimeoutsConfiguration> set) =>
        new("timeouts." + name, FieldKind.Whole, description, c => (long)get(c.Timeouts), (c, v) => c with { Timeouts = set(c.Timeouts, (int)(long)v) })
        {
            Minimum = 1,
            Maximum = 86_400,
        };
}
