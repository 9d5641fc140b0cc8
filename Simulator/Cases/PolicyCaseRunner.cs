using System.Text.Json;
using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;

namespace Verathos.Simulator.Cases;

/// <summary>
/// Runs the cases of policies. A policy <c>NAME.json</c> has them in <c>cases/NAME.json</c>: nodes that it must accept, and
/// nodes that it must reject, either by one <c>line</c> and nothing else (waive that line, and the node is accepted) or by a
/// <c>check</c> that no policy can waive. Evidence is minted; a production policy is tried as a copy that differs in the trust
/// anchor alone.
/// </summary>
public sealed class PolicyCaseRunner : IDisposable
{
    private readonly Installation _installation;
    private readonly Installation _foreign;
    private readonly TrustAnchors _anchors;
    private readonly TimeProvider _time;
    private readonly string _folder;

    /// <summary>Makes two throw-away installations in a folder of the system's temporary one.</summary>
    public PolicyCaseRunner(TimeProvider time)
    {
        _time = time;
        _folder = Directory.CreateTempSubdirectory("verathos-policy-").FullName;
        _installation = Installation.OpenOrCreate(Path.Combine(_folder, "trusted"), time);
        _foreign = Installation.OpenOrCreate(Path.Combine(_folder, "foreign"), time);
        _anchors = TrustAnchors.TryLoadSimulated(_installation.Roots.Folder, out TrustAnchors? anchors, out string? error)
            ? anchors!
            : throw new InvalidOperationException(error);
    }

    /// <summary>Runs every policy of a folder.</summary>
    /// <param name="folder">The folder that holds the policies and <c>cases</c>.</param>
    /// <exception cref="InvalidDataException">A policy or a case file does not parse, or one is missing; the message says which.</exception>
    public IReadOnlyList<PolicyCaseResult> RunFolder(string folder)
    {
        List<PolicyCaseResult> results = [];
        string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.json") : [];
        if (files.Length == 0)
        {
            throw new InvalidDataException($"{folder} holds no policy");
        }

        foreach (string file in files.Order(StringComparer.Ordinal))
        {
            string cases = Path.Combine(folder, "cases", Path.GetFileName(file));
            if (!File.Exists(cases))
            {
                throw new InvalidDataException($"{file} has no cases: {cases} is missing");
            }

            results.AddRange(Run(Path.GetFileName(file), File.ReadAllBytes(file), File.ReadAllBytes(cases)));
        }

        return results;
    }

    /// <summary>Runs the cases of one policy.</summary>
    /// <exception cref="InvalidDataException">The policy or the case file does not parse; the message says where.</exception>
    public IReadOnlyList<PolicyCaseResult> Run(string name, ReadOnlyMemory<byte> policyJson, ReadOnlyMemory<byte> casesJson)
    {
        if (!Policy.TryParse(policyJson, out Policy? shipped, out IReadOnlyList<string> errors))
        {
            throw new InvalidDataException($"{name}: {string.Join("; ", errors)}");
        }

        Policy tried = shipped!.Simulated ? shipped : PolicyEdit.WithSimulatedAnchor(shipped);
        List<PolicyCaseResult> results = [.. AnchorCases(name, shipped, tried)];
        try
        {
            using JsonDocument document = JsonDocument.Parse(casesJson, new JsonDocumentOptions { AllowDuplicateProperties = false });
            foreach (JsonElement item in document.RootElement.GetProperty("accept").EnumerateArray())
            {
                results.Add(Accepts(name, tried, item));
            }

            HashSet<string> covered = [];
            foreach (JsonElement item in document.RootElement.GetProperty("reject").EnumerateArray())
            {
                results.Add(Rejects(name, tried, item, covered));
            }

            results.AddRange(PolicyEdit.RequiredLines(tried).Where(line => !covered.Contains(line))
                .Select(line => new PolicyCaseResult(name, $"line {line}", "a case that only it rejects", "no such case", false)));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidDataException($"cases of {name}: {e.Message}", e);
        }

        return results;
    }

    /// <summary>Forgets the installations.</summary>
    public void Dispose()
    {
        _installation.Dispose();
        _foreign.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private IEnumerable<PolicyCaseResult> AnchorCases(string name, Policy shipped, Policy tried)
    {
        SimulatedNodeSpec node = Reference(shipped);
        TrustAnchors other = shipped.Simulated ? TrustAnchors.Production : _anchors;
        Verdict verdict = Appraise(shipped, other, node);
        yield return ByReason(
            name, shipped.Simulated ? "the vendors' trust anchors" : "the trust anchors of a simulated installation", CheckNames.PolicyTrustAnchor, verdict);
        if (tried.Gpu is not null)
        {
            yield return WithoutSection(name, tried, "gpu", node);
            yield return WithoutSection(name, tried, "tdx", node);
        }
    }

    private PolicyCaseResult WithoutSection(string name, Policy tried, string section, SimulatedNodeSpec node) => ByReason(
        name, $"the same policy without its section {section}", $"{CheckNames.PolicySection}.{section}",
        Appraise(PolicyEdit.WithoutSection(tried, section), _anchors, node));

    private PolicyCaseResult Accepts(string name, Policy policy, JsonElement item)
    {
        (string title, SimulatedNodeSpec node) = Read(policy, item);
        Verdict verdict = Appraise(policy, _anchors, node);
        return new PolicyCaseResult(name, title, "accepted", verdict.IsAccepted ? "accepted" : $"rejected by {verdict.Reason}: {verdict.Find(verdict.Reason)?.Detail}", verdict.IsAccepted);
    }

    private PolicyCaseResult Rejects(string name, Policy policy, JsonElement item, HashSet<string> covered)
    {
        (string title, SimulatedNodeSpec node) = Read(policy, item);
        Verdict verdict = Appraise(policy, _anchors, node);
        if (item.TryGetProperty("check", out JsonElement check))
        {
            return ByReason(name, title, check.GetString()!, verdict);
        }

        string line = item.GetProperty("line").GetString()!;
        covered.Add(line);
        string expected = $"rejected by {line} alone";
        string[] others = [.. verdict.Checks.Where(failed => failed.Result == CheckResult.Failed && failed.PolicyLine != line).Select(failed => failed.Name)];
        if (verdict.IsAccepted || others.Length > 0)
        {
            return new PolicyCaseResult(name, title, expected, verdict.IsAccepted ? "accepted" : $"rejected also by {string.Join(", ", others)}", false);
        }

        Verdict without = Appraise(PolicyEdit.WithLineWaived(policy, line), _anchors, node);
        return without.IsAccepted
            ? new PolicyCaseResult(name, title, expected, expected, true)
            : new PolicyCaseResult(name, title, expected, $"without the line still rejected by {without.Reason}", false);
    }

    private static PolicyCaseResult ByReason(string policy, string title, string check, Verdict verdict)
    {
        string actual = verdict.IsAccepted ? "accepted" : $"rejected by {verdict.Reason}";
        return new PolicyCaseResult(policy, title, $"rejected by {check}", actual, verdict.Reason == check);
    }

    private (string Title, SimulatedNodeSpec Node) Read(Policy policy, JsonElement item)
    {
        string title = item.GetProperty("name").GetString()!;
        return CaseChanges.TryApply(Reference(policy), item.GetProperty("change"), out SimulatedNodeSpec node, out string? error)
            ? (title, node)
            : throw new InvalidDataException($"case \"{title}\": {error}");
    }

    /// <summary>The node that the policy's own pins describe where they are free to choose, such as the model.</summary>
    private SimulatedNodeSpec Reference(Policy policy)
    {
        SimulatedNodeSpec node = new() { At = DateTimeOffset.FromUnixTimeSeconds(_time.GetUtcNow().ToUnixTimeSeconds()) };
        return policy.Node.Manifests.IsWaived ? node : node with { ManifestRoot = policy.Node.Manifests.Value[0].ToArray() };
    }

    private Verdict Appraise(Policy policy, TrustAnchors anchors, SimulatedNodeSpec node) =>
        Appraiser.Appraise(SimulatedNode.Mint(_installation, _foreign, node), policy, anchors, node.At, node.TimeSource);
}
