using System.Text.Json;
using Verathos.Attestation;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;

namespace Verathos.Simulator.Cases;

/// <summary>
/// Runs the cases of policies. A policy <c>NAME.json</c> has them in <c>cases/NAME.json</c>: nodes, or evidence by itself, that it must
/// accept, and such that it must reject, either by one <c>line</c> and nothing else (waive that line, and the node is accepted) or by a
/// <c>check</c> that no policy can waive. Evidence is minted; a production policy is tried as a copy that differs in the trust
/// anchor alone.
/// </summary>
public sealed class PolicyCaseRunner : IDisposable
{
    private const string Node = "node";

    private readonly CaseAuthorities _authorities;
    private readonly TimeProvider _time;

    /// <summary>Makes throw-away authorities in a folder of the system's temporary one.</summary>
    public PolicyCaseRunner(TimeProvider time)
    {
        _time = time;
        _authorities = new CaseAuthorities(time);
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
        List<PolicyCaseResult> results = [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(casesJson, new JsonDocumentOptions { AllowDuplicateProperties = false });
            string kind = document.RootElement.TryGetProperty("evidence", out JsonElement element) ? element.GetString()! : Node;
            results.AddRange(AnchorCases(name, shipped, tried, kind));
            foreach (JsonElement item in document.RootElement.GetProperty("accept").EnumerateArray())
            {
                results.Add(Accepts(name, tried, item, kind));
            }

            HashSet<string> covered = [];
            foreach (JsonElement item in document.RootElement.GetProperty("reject").EnumerateArray())
            {
                results.Add(Rejects(name, tried, item, kind, covered));
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

    /// <summary>Forgets the authorities.</summary>
    public void Dispose() => _authorities.Dispose();

    private IEnumerable<PolicyCaseResult> AnchorCases(string name, Policy shipped, Policy tried, string kind)
    {
        Subject reference = Reference(shipped, kind);
        TrustAnchors other = shipped.Simulated ? TrustAnchors.Production : _authorities.AnchorsFor(shipped);
        yield return ByReason(
            name, shipped.Simulated ? "the vendors' trust anchors" : "the trust anchors of a simulated installation", CheckNames.PolicyTrustAnchor,
            reference.Appraise(shipped, other));
        foreach (string section in kind == Node && tried.Gpu is not null ? new[] { "gpu", "tdx" } : [])
        {
            Verdict verdict = Appraise(PolicyEdit.WithoutSection(tried, section), reference);
            yield return ByReason(name, $"the same policy without its section {section}", $"{CheckNames.PolicySection}.{section}", verdict);
        }
    }

    // Evidence by itself must be appraised as well: a line that it cannot answer is no line for it.
    private PolicyCaseResult Accepts(string name, Policy policy, JsonElement item, string kind)
    {
        (string title, Subject subject) = Read(policy, item, kind);
        Verdict verdict = Appraise(policy, subject);
        string actual = !verdict.IsAccepted ? $"rejected by {verdict.Reason}: {verdict.Find(verdict.Reason)?.Detail}"
            : verdict.Appraised ? "accepted"
            : $"accepted, and {string.Join(", ", verdict.UnevaluatedLines)} not evaluated";
        return new PolicyCaseResult(name, title, "accepted", actual, actual == "accepted");
    }

    private PolicyCaseResult Rejects(string name, Policy policy, JsonElement item, string kind, HashSet<string> covered)
    {
        (string title, Subject subject) = Read(policy, item, kind);
        Verdict verdict = Appraise(policy, subject);
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

        Verdict without = Appraise(PolicyEdit.WithLineWaived(policy, line), subject);
        return without.IsAccepted
            ? new PolicyCaseResult(name, title, expected, expected, true)
            : new PolicyCaseResult(name, title, expected, $"without the line still rejected by {without.Reason}", false);
    }

    private static PolicyCaseResult ByReason(string policy, string title, string check, Verdict verdict)
    {
        string actual = verdict.IsAccepted ? "accepted" : $"rejected by {verdict.Reason}";
        return new PolicyCaseResult(policy, title, $"rejected by {check}", actual, verdict.Reason == check);
    }

    private (string Title, Subject Subject) Read(Policy policy, JsonElement item, string kind)
    {
        string title = item.GetProperty("name").GetString()!;
        Subject reference = Reference(policy, item.TryGetProperty("evidence", out JsonElement own) ? own.GetString()! : kind);
        JsonElement change = item.GetProperty("change");
        string? error;
        if (reference.Piece is { } piece)
        {
            return PieceChanges.TryApply(piece, change, out SimulatedPieceSpec changed, out error)
                ? (title, reference with { Piece = changed })
                : throw new InvalidDataException($"case \"{title}\": {error}");
        }

        return CaseChanges.TryApply(reference.Node, change, out SimulatedNodeSpec node, out error)
            ? (title, reference with { Node = node })
            : throw new InvalidDataException($"case \"{title}\": {error}");
    }

    /// <summary>The node that the policy's own pins describe where they are free to choose, such as the model; or the reference evidence.</summary>
    private Subject Reference(Policy policy, string kind)
    {
        SimulatedNodeSpec node = new() { At = DateTimeOffset.FromUnixTimeSeconds(_time.GetUtcNow().ToUnixTimeSeconds()) };
        node = policy.Node.Manifests.IsWaived ? node : node with { ManifestRoot = policy.Node.Manifests.Value[0].ToArray() };
        return new Subject(_authorities, node, kind == Node ? null : SimulatedPieceSpec.Reference(kind, node));
    }

    private Verdict Appraise(Policy policy, Subject subject) => subject.Appraise(policy, _authorities.AnchorsFor(policy));

    /// <summary>A node, or where there is one, evidence by itself.</summary>
    private sealed record Subject(CaseAuthorities Authorities, SimulatedNodeSpec Node, SimulatedPieceSpec? Piece)
    {
        public Verdict Appraise(Policy policy, TrustAnchors anchors) =>
            Piece is null ? Authorities.Appraise(policy, anchors, Node) : Authorities.Appraise(policy, anchors, Piece);
    }
}
