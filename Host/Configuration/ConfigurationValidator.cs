using System.Buffers;
using System.Net;
using Verathos.Protocol.Evidence;

namespace Verathos.Host.Configuration;

/// <summary>Checks what the members of a configuration mean together.</summary>
public static class ConfigurationValidator
{
    private const string MissingTee = "tee: say which platform: tdx on a TDX guest, simulated to try things out (it protects nothing)";

    private static readonly SearchValues<char> NotPlain = SearchValues.Create("{}?#* %\\");
    private static readonly string[] ReservedPaths = ["/health", "/metrics", "/.well-known"];

    /// <summary>Every mistake, each starting with the member's name; empty when there is none.</summary>
    public static IReadOnlyList<string> Validate(NodeConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        List<string> errors = [];
        if (configuration.Listen.Count == 0)
        {
            errors.Add("listen: name at least one address, such as http://127.0.0.1:8080");
        }

        foreach (string address in configuration.Listen)
        {
            CheckAddress("listen", address, configuration, errors);
        }

        if (configuration.MetricsListen is { } metrics)
        {
            CheckAddress("metricsListen", metrics, configuration, errors);
        }

        CheckIdentity(configuration.Identity, errors);
        CheckModels(configuration, errors);
        CheckOpenings(configuration.Openings, errors);
        CheckFile("tlsCertificate", configuration.TlsCertificate, errors);
        CheckFile("tlsKey", configuration.TlsKey, errors);
        if (configuration.TlsCertificate is null != configuration.TlsKey is null)
        {
            errors.Add("tlsKey: tlsCertificate and tlsKey go together");
        }

        CheckFile("policy", configuration.Policy, errors);
        CheckEnclave(configuration, errors);
        CheckGatewayPath(configuration.GatewayPath, errors);
        foreach (string network in configuration.Limits.ExemptClients.Where(network => !IPNetwork.TryParse(network, out _)))
        {
            errors.Add($"limits.exemptClients: {network} is not a network such as 192.0.2.0/24 or 2001:db8::/32");
        }

        CheckValues(configuration, errors);
        if (configuration.Timeouts.IdleSeconds > configuration.Timeouts.BodySeconds)
        {
            errors.Add("timeouts.idleSeconds: must not be longer than timeouts.bodySeconds");
        }

        return errors;
    }

    /// <summary>What a file's reader has checked already, for values that came from elsewhere.</summary>
    private static void CheckValues(NodeConfiguration configuration, List<string> errors)
    {
        foreach (ConfigurationField field in ConfigurationFields.All)
        {
            object? value = field.Get(configuration);
            if (value is string text && field.Choices is { } choices && !choices.Contains(text))
            {
                errors.Add($"{field.Path}: {text} is not one of {string.Join(", ", choices)}");
            }
            else if (value is long number && (number < field.Minimum || number > field.Maximum))
            {
                errors.Add($"{field.Path}: must be from {field.Minimum} to {field.Maximum}");
            }
        }
    }

    private static void CheckOpenings(OpeningsConfiguration openings, List<string> errors)
    {
        if (openings.PerMinute < openings.PerReceipt)
        {
            errors.Add("openings.perMinute: must not be less than openings.perReceipt");
        }
    }

    private static void CheckModels(NodeConfiguration configuration, List<string> errors)
    {
        IReadOnlyList<ModelConfiguration> models = configuration.Models;
        if (models.Count > 0 && (configuration.Model is not null || configuration.Adapters.Count > 0))
        {
            errors.Add("models: give model and adapters, or models, not both; every entry of models has a path and adapters of its own");
        }

        if (models.Count > ModelSet.MaximumModels)
        {
            errors.Add($"models: at most {ModelSet.MaximumModels} are served by one node");
        }

        for (int i = 0; i < models.Count; i++)
        {
            string? name = models[i].Name;
            if (name is not null && !ModelSet.IsName(name))
            {
                errors.Add($"models[{i}].name: has from 1 to 256 characters, none of them a control character");
            }
            else if (name is not null && models.Take(i).Any(model => model.Name == name))
            {
                errors.Add($"models[{i}].name: another model has the name {name} too");
            }

            if (models[i].KvMebibytes > configuration.Engine.KvMebibytes)
            {
                errors.Add($"models[{i}].kvMebibytes: is more than engine.kvMebibytes, which is for all models");
            }
        }
    }

    private static void CheckIdentity(IdentityConfiguration identity, List<string> errors)
    {
        int given = (identity.GenesisHash is null ? 0 : 1) + (identity.NetUid is null ? 0 : 1) + (identity.Hotkey is null ? 0 : 1);
        if (given is 1 or 2)
        {
            errors.Add("identity: give genesisHash, netUid and hotkey, or none of them");
        }

        CheckHex("identity.genesisHash", identity.GenesisHash, errors);
        CheckHex("identity.hotkey", identity.Hotkey, errors);
    }

    private static void CheckHex(string member, string? text, List<string> errors)
    {
        if (text is not null && (text.Length != 64 || !text.All(char.IsAsciiHexDigit)))
        {
            errors.Add($"{member}: must be 64 hex digits");
        }
    }

    private static void CheckAddress(string member, string address, NodeConfiguration configuration, List<string> errors)
    {
        if (!ListenAddress.TryParse(address, out ListenAddress? parsed))
        {
            errors.Add($"{member}: {address} is not an address such as http://127.0.0.1:8080");
        }
        else if (parsed.Secure && (configuration.TlsCertificate is null || configuration.TlsKey is null))
        {
            errors.Add($"{member}: {address} needs tlsCertificate and tlsKey");
        }
    }

    /// <summary>The same for the configuration of an enclave process, where only the enclave's members count.</summary>
    public static IReadOnlyList<string> ValidateEnclave(NodeConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        List<string> errors = [];
        if (configuration.Tee is null)
        {
            errors.Add(MissingTee);
        }

        if (configuration.Enclave is not null)
        {
            errors.Add("enclave: this is for the node's file; an enclave process listens where --listen says");
        }

        CheckIdentity(configuration.Identity, errors);
        CheckModels(configuration, errors);
        CheckOpenings(configuration.Openings, errors);
        CheckValues(configuration, errors);
        return errors;
    }

    private static void CheckEnclave(NodeConfiguration configuration, List<string> errors)
    {
        if (configuration.Enclave is { } enclave)
        {
            if (!UnixAddress.TryParse(enclave, out _))
            {
                errors.Add($"enclave: {enclave} is not unix:PATH with a path of at most {UnixAddress.LongestPath} bytes");
            }

            if (configuration.Model is not null)
            {
                errors.Add("model: the enclave process loads the model; give it there, not here");
            }

            if (configuration.Adapters.Count > 0)
            {
                errors.Add("adapters: the enclave process loads the model; give them there, not here");
            }

            if (configuration.Models.Count > 0)
            {
                errors.Add("models: the enclave process loads the models; give them there, not here");
            }

            if (configuration.Tee is not null)
            {
                errors.Add("tee: the enclave process has the platform driver; give it there, not here");
            }
        }
        else if (configuration.Tee is null)
        {
            errors.Add(MissingTee);
        }
    }

    private static void CheckGatewayPath(string path, List<string> errors)
    {
        if (!path.StartsWith('/') || path.Length < 2 || path.AsSpan().ContainsAny(NotPlain))
        {
            errors.Add($"gatewayPath: {path} is not a plain path such as /verathos/gateway");
        }
        else if (ReservedPaths.Any(reserved => path == reserved || path.StartsWith(reserved + "/", StringComparison.Ordinal)))
        {
            errors.Add($"gatewayPath: {path} is taken by the node itself");
        }
    }

    private static void CheckFile(string member, string? path, List<string> errors)
    {
        if (path is not null && !File.Exists(path))
        {
            errors.Add($"{member}: {path} is not there");
        }
    }
}
