using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Statistics;

namespace Verathos.Validator.Configuration;

/// <summary>A validator's folder: its settings, owner's key, state, key files, proofs, reveals and verdicts.</summary>
public sealed class ValidatorFolder
{
    /// <summary>The settings' file name.</summary>
    public const string ConfigurationName = "validator.json";

    private ValidatorFolder(string root, ValidatorConfiguration configuration) => (Root, Configuration) = (root, configuration);

    /// <summary>The folder's full path.</summary>
    public string Root { get; }

    /// <summary>The settings.</summary>
    public ValidatorConfiguration Configuration { get; }

    /// <summary>The state's file.</summary>
    public string StatePath => Path.Combine(Root, "state.db");

    /// <summary>The owner's secrets.</summary>
    public string OwnerKeyPath => Path.Combine(Root, "owner.key");

    /// <summary>Matrix key files.</summary>
    public string KeysFolder => Path.Combine(Root, "keys");

    /// <summary>Portable proofs against nodes.</summary>
    public string ProofsFolder => Path.Combine(Root, "proofs");

    /// <summary>Revealed seeds with the audits that they chose.</summary>
    public string RevealsFolder => Path.Combine(Root, "reveals");

    /// <summary>Signed verdicts: this validator's own, to be given to others.</summary>
    public string OwnVerdictsFolder => Path.Combine(Root, "verdicts", "own");

    /// <summary>Signed verdicts of other validators.</summary>
    public string OthersVerdictsFolder => Path.Combine(Root, "verdicts", "others");

    /// <summary>Disputed canaries, to be given to a second validator.</summary>
    public string DisputesFolder => Path.Combine(Root, "disputes");

    /// <summary>Opens a folder.</summary>
    /// <exception cref="InvalidDataException">Its settings are missing or wrong; the message names everything that is.</exception>
    public static ValidatorFolder Open(string path)
    {
        string root = Path.GetFullPath(path);
        string file = Path.Combine(root, ConfigurationName);
        if (!File.Exists(file))
        {
            throw new InvalidDataException($"{root} is no validator's folder; make one with 'verathos validator init'");
        }

        IReadOnlyList<string> errors = ValidatorConfiguration.Parse(File.ReadAllBytes(file), out ValidatorConfiguration? configuration);
        return errors.Count == 0
            ? new ValidatorFolder(root, configuration!)
            : throw new InvalidDataException($"{file}: {string.Join("; ", errors)}");
    }

    /// <summary>Makes a folder with its settings and owner's key; it must not be there, or be empty.</summary>
    /// <exception cref="IOException">There is something in it.</exception>
    public static ValidatorFolder Create(string path, ValidatorConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        string root = Path.GetFullPath(path);
        if (Directory.Exists(root) && Directory.EnumerateFileSystemEntries(root).Any())
        {
            throw new IOException($"{root} is not empty; name a new folder");
        }

        ValidatorFolder folder = new(root, configuration);
        foreach (string part in (string[])[root, folder.KeysFolder, folder.ProofsFolder, folder.RevealsFolder, folder.OwnVerdictsFolder, folder.OthersVerdictsFolder, folder.DisputesFolder])
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(part);
            }
            else
            {
                Directory.CreateDirectory(part, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }

        OwnerKey.Create(folder.OwnerKeyPath).Dispose();
        File.WriteAllBytes(Path.Combine(root, ConfigurationName), configuration.ToJson());
        return folder;
    }

    /// <summary>The full path of something that the settings name.</summary>
    public string Resolve(string path) => Path.GetFullPath(path, Root);

    /// <summary>The policy.</summary>
    /// <exception cref="InvalidDataException">It is not one.</exception>
    public Policy LoadPolicy() => Policy.TryParse(File.ReadAllBytes(Resolve(Configuration.Policy)), out Policy? policy, out IReadOnlyList<string> errors)
        ? policy!
        : throw new InvalidDataException($"{Configuration.Policy} is not a policy: {string.Join("; ", errors)}");

    /// <summary>The roots that go with the policy.</summary>
    /// <exception cref="InvalidDataException">They do not go with it, or cannot be read.</exception>
    public TrustAnchors LoadAnchors(Policy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        if (!policy.Simulated)
        {
            return Configuration is { TrustAnchors: null, AllowSimulated: false }
                ? TrustAnchors.Production
                : throw new InvalidDataException($"policy {policy.Name} is a production policy: trustAnchors must be null and allowSimulated false");
        }

        if (!Configuration.AllowSimulated || Configuration.TrustAnchors is not { } folder)
        {
            throw new InvalidDataException($"policy {policy.Name} admits simulated evidence only: set allowSimulated and trustAnchors to try things out");
        }

        return TrustAnchors.TryLoadSimulated(Resolve(folder), out TrustAnchors? anchors, out string? error)
            ? anchors!
            : throw new InvalidDataException($"the simulated trust anchors cannot be read: {error}");
    }

    /// <summary>The measured limits.</summary>
    /// <exception cref="InvalidDataException">They are not as they must be.</exception>
    public LimitTable LoadLimits() => LimitTable.TryParse(File.ReadAllBytes(Resolve(Configuration.Limits)), out LimitTable? table, out string? error)
        ? table
        : throw new InvalidDataException($"{Configuration.Limits}: {error}");

    /// <summary>The likelihood tables.</summary>
    /// <exception cref="InvalidDataException">They are not as they must be, or a table does not pass the gate.</exception>
    public LikelihoodTables LoadLikelihoods() => LikelihoodTables.TryParse(File.ReadAllBytes(Resolve(Configuration.Likelihoods)), out LikelihoodTables? tables, out string? error)
        ? tables
        : throw new InvalidDataException($"{Configuration.Likelihoods}: {error}");
}
