using System.Security.Cryptography;
using System.Text;
using Verathos.Validator.Configuration;
using Verathos.Validator.State;

namespace Verathos.Validator.Verdicts;

/// <summary>
/// Bans: the evidence against a node reached the bound at this validator and at as many trusted others as the quorum asks for. Their
/// statements are files, which travel as their owners like.
/// </summary>
/// <param name="folder">The validator's folder.</param>
/// <param name="owner">Signs this validator's own statements.</param>
/// <param name="state">The state.</param>
/// <param name="boundMicro">The bound.</param>
/// <param name="clock">The clock.</param>
public sealed class VerdictExchange(ValidatorFolder folder, OwnerKey owner, ValidatorState state, long boundMicro, TimeProvider clock)
{
    // Older statements say nothing of the node that there is now.
    private static readonly TimeSpan s_oldest = TimeSpan.FromDays(30);
    private const int MaximumFiles = 10_000;
    private const int MaximumBytes = 4096;

    /// <summary>Looks at every node: signs what reached the bound here, and bans what reached it at enough validators.</summary>
    /// <param name="epoch">The epoch that closes.</param>
    /// <returns>The names of the nodes that were banned.</returns>
    public IReadOnlyList<string> Close(long epoch)
    {
        List<string> banned = [];
        NodeRow[] guilty = [.. state.Nodes().Where(node => node.Status != NodeStatus.Banned && node.Evidence.Reaches(boundMicro))];
        if (guilty.Length == 0)
        {
            return banned;
        }

        IReadOnlyList<(string Key, VerdictStatement Statement)> others = Others();
        foreach (NodeRow node in guilty)
        {
            DateTimeOffset now = clock.GetUtcNow();
            string subject = SubjectOf(node);
            Save(node, new VerdictStatement(subject, node.Evidence.SumMicro, boundMicro, node.Evidence.Checks, now).Sign(owner.Signing));
            if (!state.Events(null, node.Id).Any(e => e.Kind == EventKind.BoundReached && e.Epoch == epoch))
            {
                state.AddEvent(epoch, node.Id, now, new NewEvent(EventKind.BoundReached, "evidence.bound", $"the evidence reached {Nats(node.Evidence.SumMicro)} nats of {Nats(boundMicro)} after {node.Evidence.Checks} checks"));
            }

            BanConfiguration ban = folder.Configuration.Ban;
            int validators = 1 + others.Where(other => other.Statement.Subject == subject && other.Statement.BoundMicro >= boundMicro).Select(static other => other.Key).Distinct().Count();
            if (validators >= ban.Quorum)
            {
                string detail = ban.SingleValidator
                    ? "single-validator mode: the bound was reached at one validator, and nobody else was asked"
                    : $"the bound was reached at {validators} validators";
                state.AddEvent(epoch, node.Id, now, new NewEvent(EventKind.Banned, "evidence.bound", detail));
                banned.Add(node.Name);
            }
        }

        return banned;
    }

    /// <summary>What validators call one node by: its identity where the list names one, else its address.</summary>
    public static string SubjectOf(NodeRow node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return node.Identity ?? node.Url.GetLeftPart(UriPartial.Authority);
    }

    /// <summary>Statements of trusted validators that verify and are not old. A file that is none of these counts for nothing.</summary>
    private List<(string Key, VerdictStatement Statement)> Others()
    {
        List<(string, VerdictStatement)> statements = [];
        if (!Directory.Exists(folder.OthersVerdictsFolder))
        {
            return statements;
        }

        string own = owner.PublicKey;
        List<(string Text, ECDsa Key)> trusted = [];
        foreach (string text in folder.Configuration.Ban.Trusted.Distinct().Where(text => text != own))
        {
            if (OwnerKey.FromPublicKey(text) is { } key)
            {
                trusted.Add((text, key));
            }
        }

        DateTimeOffset now = clock.GetUtcNow();
        foreach (FileInfo file in new DirectoryInfo(folder.OthersVerdictsFolder).EnumerateFiles("*.cose").Take(MaximumFiles).Where(static file => file.Length <= MaximumBytes))
        {
            byte[] message = File.ReadAllBytes(file.FullName);
            foreach ((string text, ECDsa key) in trusted)
            {
                if (VerdictStatement.TryParse(message, key, out VerdictStatement? statement) && now - statement.At <= s_oldest && statement.At <= now + TimeSpan.FromMinutes(5))
                {
                    statements.Add((text, statement));
                }
            }
        }

        trusted.ForEach(static pair => pair.Key.Dispose());
        return statements;
    }

    private void Save(NodeRow node, byte[] statement)
    {
        string name = $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(owner.PublicKey + SubjectOf(node))))[..24]}.cose";
        string partial = Path.Combine(folder.OwnVerdictsFolder, name + ".partial");
        File.WriteAllBytes(partial, statement);
        File.Move(partial, Path.Combine(folder.OwnVerdictsFolder, name), overwrite: true);
    }

    private static string Nats(long micro) => (micro / 1e6).ToString("F2", System.Globalization.CultureInfo.InvariantCulture);
}
