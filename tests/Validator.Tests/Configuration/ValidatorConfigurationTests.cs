using System.Text;
using System.Text.Json.Nodes;
using Verathos.Validator.Configuration;

namespace Verathos.Validator.Tests.Configuration;

public sealed class ValidatorConfigurationTests
{
    private static readonly ValidatorConfiguration s_good = ValidatorDefaults.Of("nodes.json", "policy.json", null, [], 2048);

    [Fact]
    public void The_defaults_are_read_back_as_they_were_written()
    {
        Assert.Empty(ValidatorConfiguration.Parse(s_good.ToJson(), out ValidatorConfiguration? read));
        Assert.Equal(s_good.ToJson(), read!.ToJson());
    }

    [Fact]
    public void Every_field_is_required_and_no_other_is_taken()
    {
        JsonObject whole = JsonNode.Parse(s_good.ToJson())!.AsObject();
        foreach (string name in whole.Select(static member => member.Key).ToList())
        {
            JsonObject without = whole.DeepClone().AsObject();
            without.Remove(name);
            Assert.True(ValidatorConfiguration.Parse(Encoding.UTF8.GetBytes(without.ToJsonString()), out _).Count > 0, name);
        }

        whole["more"] = 1;
        Assert.NotEmpty(ValidatorConfiguration.Parse(Encoding.UTF8.GetBytes(whole.ToJsonString()), out _));
    }

    public static TheoryData<string, Func<ValidatorConfiguration, ValidatorConfiguration>> Faults => new()
    {
        { "version", static c => c with { Version = 2 } },
        { "epochSeconds", static c => c with { EpochSeconds = 4 } },
        { "challengesPerNode", static c => c with { ChallengesPerNode = 0 } },
        { "canariesPerNode", static c => c with { CanariesPerNode = 0 } },
        { "auditWindowSeconds", static c => c with { AuditWindowSeconds = 1 } },
        { "openingsPerAudit", static c => c with { OpeningsPerAudit = 33 } },
        { "deepPpm", static c => c with { DeepPpm = 1 } },
        { "freshEpochs", static c => c with { FreshEpochs = 0 } },
        { "lostOpenings", static c => c with { LostOpenings = new LostOpeningConfiguration(-1, 1) } },
        { "economics", static c => c with { Economics = c.Economics with { Detection = 0 } } },
        { "ban.checksPerYear", static c => c with { Ban = c.Ban with { OneIn = 0 } } },
        { "ban.quorum", static c => c with { Ban = c.Ban with { SingleValidator = false, Quorum = 2 } } },
        { "ban.trusted", static c => c with { Ban = c.Ban with { Trusted = ["00"] } } },
        { "ban.trusted names", static c => c with { Ban = c.Ban with { SingleValidator = false, Quorum = 3 } } },
        { "parallel", static c => c with { Parallel = 0 } },
        { "canaries:", static c => c with { Canaries = c.Canaries with { Cohort = 0 } } },
        { "scoring:", static c => c with { Scoring = c.Scoring with { ProbationEpochs = 0 } } },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_setting_out_of_range_is_named(string name, Func<ValidatorConfiguration, ValidatorConfiguration> fault) =>
        Assert.Contains(ValidatorConfiguration.Parse(fault(s_good).ToJson(), out _), error => error.StartsWith(name, StringComparison.Ordinal));

    [Fact]
    public void All_faults_are_told_at_once() => Assert.Equal(2, (s_good with { EpochSeconds = 0, Parallel = 0 }).Errors().Count);

    [Fact]
    public void A_folder_is_its_owners_and_an_owners_key_is_no_other_file()
    {
        string root = Directory.CreateTempSubdirectory("verathos-folder-").FullName;
        try
        {
            ValidatorFolder folder = ValidatorFolder.Create(Path.Combine(root, "v"), s_good);
            Assert.Throws<IOException>(() => ValidatorFolder.Create(folder.Root, s_good));
            Assert.Equal(s_good.ToJson(), ValidatorFolder.Open(folder.Root).Configuration.ToJson());
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder.OwnerKeyPath));
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder.KeysFolder));
            }

            using OwnerKey one = OwnerKey.Load(folder.OwnerKeyPath);
            using OwnerKey same = OwnerKey.Load(folder.OwnerKeyPath);
            Assert.Equal(one.PublicKey, same.PublicKey);
            Assert.True(one.Secret.SequenceEqual(same.Secret));
            File.WriteAllBytes(folder.OwnerKeyPath, File.ReadAllBytes(folder.OwnerKeyPath)[..^1]);
            Assert.Throws<InvalidDataException>(() => OwnerKey.Load(folder.OwnerKeyPath));
            Assert.Null(OwnerKey.FromPublicKey(new string('1', 128)));
            Assert.Contains("verathos validator init", Assert.Throws<InvalidDataException>(() => ValidatorFolder.Open(root)).Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }
}
