using Verathos.Host.Configuration;

namespace Verathos.Host.Tests.Configuration;

public sealed class ConfigurationValidatorTests
{
    private static readonly NodeConfiguration Good = new() { Tee = "simulated" };

    public static TheoryData<string, NodeConfiguration, string> Mistakes => new()
    {
        { "no address", Good with { Listen = [] }, "listen: name at least one" },
        { "not an address", Good with { Listen = ["127.0.0.1:80"] }, "listen: 127.0.0.1:80 is not an address" },
        { "a path in an address", Good with { Listen = ["http://127.0.0.1:80/x"] }, "listen: http://127.0.0.1:80/x is not an address" },
        { "a name", Good with { Listen = ["http://example.org:80"] }, "listen: http://example.org:80 is not" },
        { "https without certificate", Good with { Listen = ["https://127.0.0.1:0"] }, "listen: https://127.0.0.1:0 needs tlsCertificate" },
        { "metrics", Good with { MetricsListen = "9090" }, "metricsListen: 9090 is not an address" },
        { "no platform", Good with { Tee = null }, "tee: say which platform" },
        { "unknown platform", Good with { Tee = "sgx" }, "tee: sgx is not one of simulated, tdx" },
        { "too many GPUs", Good with { Gpus = 99 }, "gpus: must be from 0 to 16" },
        { "enclave address", Good with { Tee = null, Enclave = "tcp:1" }, "enclave: tcp:1 is not unix:PATH" },
        { "enclave path too long", Good with { Tee = null, Enclave = "unix:/" + new string('x', 120) }, "enclave: unix:/x" },
        { "model with enclave", Good with { Tee = null, Enclave = "unix:/tmp/e", Model = "m" }, "model: the enclave process loads" },
        { "adapters with enclave", Good with { Tee = null, Enclave = "unix:/tmp/e", Adapters = ["a"] }, "adapters: the enclave process loads" },
        { "models with enclave", Good with { Tee = null, Enclave = "unix:/tmp/e", Models = [new() { Path = "m" }] }, "models: the enclave process loads" },
        { "model and models", Good with { Model = "m", Models = [new() { Path = "m" }] }, "models: give model and adapters, or models" },
        { "adapters and models", Good with { Adapters = ["a"], Models = [new() { Path = "m" }] }, "models: give model and adapters, or models" },
        { "a name twice", Good with { Models = [new() { Path = "m", Name = "x" }, new() { Path = "n", Name = "x" }] }, "models[1].name: another model has the name x" },
        { "a name that is none", Good with { Models = [new() { Path = "m", Name = "x\n" }] }, "models[0].name: has from 1 to 256" },
        { "too large a part", Good with { Engine = new() { KvMebibytes = 10 }, Models = [new() { Path = "m", KvMebibytes = 11 }] }, "models[0].kvMebibytes: is more than" },
        { "too many models", Good with { Models = [.. Enumerable.Range(0, 65).Select(i => new ModelConfiguration { Path = $"m{i}" })] }, "models: at most 64" },
        { "tee with enclave", Good with { Enclave = "unix:/tmp/e" }, "tee: the enclave process has" },
        { "gateway path", Good with { GatewayPath = "gateway" }, "gatewayPath: gateway is not a plain path" },
        { "gateway path taken", Good with { GatewayPath = "/health/live" }, "gatewayPath: /health/live is taken" },
        { "gateway pattern", Good with { GatewayPath = "/{x}" }, "gatewayPath: /{x} is not a plain path" },
        { "network", Good with { Limits = new() { ExemptClients = ["10.0.0.0/99"] } }, "limits.exemptClients: 10.0.0.0/99" },
        { "openings", Good with { Openings = new() { PerReceipt = 9, PerMinute = 8 } }, "openings.perMinute: must not be less" },
        { "idle", Good with { Timeouts = new() { IdleSeconds = 60, BodySeconds = 30 } }, "timeouts.idleSeconds" },
        { "certificate absent", Good with { TlsCertificate = "/no/c", TlsKey = "/dev/null" }, "tlsCertificate: /no/c is not there" },
        { "key alone", Good with { TlsKey = "/dev/null" }, "tlsKey: tlsCertificate and tlsKey go together" },
        { "policy", Good with { Policy = "/no/policy" }, "policy: /no/policy is not there" },
        { "half an identity", Good with { Identity = new() { NetUid = 96 } }, "identity: give genesisHash, netUid and hotkey" },
        { "hotkey", Good with { Identity = new() { NetUid = 1, GenesisHash = new string('0', 64), Hotkey = "5F" } }, "identity.hotkey: must be 64 hex digits" },
    };

    [Theory]
    [MemberData(nameof(Mistakes), DisableDiscoveryEnumeration = true)]
    public void A_mistake_is_named(string name, NodeConfiguration configuration, string expected)
    {
        Assert.NotEmpty(name);
        Assert.StartsWith(expected, Assert.Single(ConfigurationValidator.Validate(configuration)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_defaults_with_a_platform_are_good() => Assert.Empty(ConfigurationValidator.Validate(Good));

    [Fact]
    public void A_node_beside_an_enclave_process_is_good() =>
        Assert.Empty(ConfigurationValidator.Validate(Good with { Tee = null, Enclave = "unix:/tmp/enclave.sock" }));

    [Fact]
    public void An_enclave_process_needs_a_platform_and_no_enclave()
    {
        Assert.Empty(ConfigurationValidator.ValidateEnclave(Good));
        Assert.Equal(2, ConfigurationValidator.ValidateEnclave(Good with { Tee = null, Enclave = "unix:/x" }).Count);
    }
}
