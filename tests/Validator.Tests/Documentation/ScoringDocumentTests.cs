using System.Text.Json;
using System.Text.RegularExpressions;
using Verathos.Fingerprint.Statistics;
using Verathos.Testing;
using Verathos.Validator.Scores;

namespace Verathos.Validator.Tests.Documentation;

/// <summary>Runs every worked example of docs/scoring.md on the code.</summary>
public partial class ScoringDocumentTests
{
    private static readonly JsonSerializerOptions s_rules = new(JsonSerializerOptions.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private static readonly string s_document = File.ReadAllText(Path.Combine(Vectors.RepositoryRoot, "docs", "scoring.md"));

    public static TheoryData<string, int> Examples
    {
        get
        {
            TheoryData<string, int> data = [];
            foreach (IGrouping<string, string> formula in Blocks("scoring-example").Select(block => block.Name).GroupBy(name => name))
            {
                for (int i = 0; i < formula.Count(); i++)
                {
                    data.Add(formula.Key, i);
                }
            }

            return data;
        }
    }

    [Fact]
    public void The_rules_in_the_document_are_the_ones_that_are_written()
    {
        ScoringRules rules = JsonSerializer.Deserialize<ScoringRules>(Assert.Single(Blocks("scoring-rules")).Json, s_rules)!;
        Assert.Equal(ScoringRules.Default, rules);
        Assert.Empty(rules.Errors);
    }

    [Fact]
    public void Every_formula_has_an_example() =>
        Assert.Equal(
            ["against-median", "audit-rate", "bound", "epoch", "evidence", "median", "release", "standing", "weights"],
            Blocks("scoring-example").Select(block => block.Name).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void Every_factor_is_in_an_example()
    {
        foreach (System.Reflection.FieldInfo factor in typeof(ScoreFactors).GetFields())
        {
            Assert.Contains($"\"{factor.GetRawConstantValue()}\"", s_document, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void An_example_in_the_document_is_what_the_code_computes(string formula, int number)
    {
        using JsonDocument document = JsonDocument.Parse(Blocks("scoring-example").Where(block => block.Name == formula).ElementAt(number).Json);
        JsonElement root = document.RootElement;
        if (formula == "epoch")
        {
            Epoch(root);
            return;
        }

        Assert.NotEqual(0, root.GetArrayLength());
        Assert.All(root.EnumerateArray(), example => Run(formula, example));
    }

    private static void Run(string formula, JsonElement example)
    {
        ScoringRules rules = ScoringRules.Default;
        switch (formula)
        {
            case "evidence":
                Assert.Equal(Number(example, "ppm"), Scoring.Evidence(Number(example, "ageSeconds"), rules));
                break;
            case "median":
                Assert.Equal(Optional(example, "median"), Median.Of(example.GetProperty("values").EnumerateArray().Select(value => value.GetInt64())));
                break;
            case "against-median":
                Assert.Equal(Number(example, "ppm"), Scoring.AgainstMedian(Number(example, "better"), Number(example, "against"), rules));
                break;
            case "weights":
                Assert.Equal(Numbers(example.GetProperty("weights")), Weights.Normalise(Numbers(example.GetProperty("scores")), Number(example, "total")).ToDictionary());
                break;
            case "release":
                Assert.Equal(
                    example.GetProperty("may").GetBoolean(),
                    WayBack.MayRelease(rules, Number(example, "caughtEpoch"), (int)Number(example, "quarantines"), Number(example, "currentEpoch"), example.GetProperty("keysetChanged").GetBoolean(), out _));
                break;
            case "standing":
                Assert.Equal(example.GetProperty("standing").GetString(), WayBack.Standing(rules, (int?)Optional(example, "cleanEpochsSinceRelease")).ToString().ToLowerInvariant());
                break;
            case "audit-rate":
                AuditEconomics economics = new()
                {
                    Saving = example.GetProperty("saving").GetDouble(),
                    Loss = example.GetProperty("loss").GetDouble(),
                    Detection = example.GetProperty("detection").GetDouble(),
                    Requests = Number(example, "requests"),
                    Epochs = (int)Number(example, "epochs"),
                    BoundMicro = Number(example, "boundMicro"),
                    DriftMicro = Number(example, "driftMicro"),
                };
                Assert.Equal(Number(example, "ratePpm"), (long)(economics.Rate(new EDetector(Number(example, "evidenceMicro"), 0), example.GetProperty("fresh").GetBoolean()) * 1_000_000));
                break;
            case "bound":
                Assert.Equal(Number(example, "boundMicro"), EDetector.BoundMicro(Number(example, "checksPerYear"), Number(example, "oneIn")));
                break;
            default:
                Assert.Fail($"no code is named for the formula {formula}");
                break;
        }
    }

    private static void Epoch(JsonElement example)
    {
        NodeObservation[] nodes = [.. example.GetProperty("nodes").EnumerateArray().Select(node => new NodeObservation
        {
            Node = node.GetProperty("node").GetString()!,
            Model = node.GetProperty("model").GetString()!,
            Standing = node.TryGetProperty("standing", out JsonElement standing) ? Enum.Parse<StandingKind>(standing.GetString()!, ignoreCase: true) : StandingKind.Active,
            Due = Number(node, "due"),
            Answered = Number(node, "answered"),
            CanariesDue = Number(node, "canariesDue"),
            CanariesExcused = Optional(node, "canariesExcused") ?? 0,
            AnsweredTokens = Number(node, "answeredTokens"),
            VerifiedTokens = Number(node, "verifiedTokens"),
            FirstTokenMicros = Optional(node, "firstTokenMicros"),
            TokensPerKilosecond = Optional(node, "tokensPerKilosecond"),
            EvidenceAgeSeconds = Number(node, "evidenceAgeSeconds"),
            PreviousScorePpm = Optional(node, "previousPpm") ?? 0,
            Failures = !node.TryGetProperty("failures", out JsonElement failures) ? [] :
                [.. failures.EnumerateArray().Select(failure => new FailedCheck(
                    failure.GetProperty("check").GetString()!,
                    Enum.Parse<FaultOf>(failure.GetProperty("fault").GetString()!, ignoreCase: true),
                    failure.GetProperty("proof").GetBoolean(),
                    Number(failure, "count")))],
        })];
        IReadOnlyList<NodeScore> scores = Scoring.Epoch(nodes, ScoringRules.Default);
        JsonElement[] expected = [.. example.GetProperty("scores").EnumerateArray()];
        Assert.Equal(expected.Length, scores.Count);
        foreach ((JsonElement wanted, NodeScore score) in expected.Zip(scores))
        {
            Assert.Equal(wanted.GetProperty("node").GetString(), score.Node);
            Assert.Equal((score.Node, Number(wanted, "ppm")), (score.Node, score.ScorePpm));
            Assert.Equal(Numbers(wanted.GetProperty("losses")), score.Losses.ToDictionary(loss => loss.Check, loss => loss.LostPpm));
            Assert.Equal(wanted.TryGetProperty("carried", out JsonElement carried) && carried.GetBoolean(), score.Carried);
        }
    }

    private static long Number(JsonElement element, string name) => element.GetProperty(name).GetInt64();

    private static long? Optional(JsonElement element, string name) => element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : null;

    private static Dictionary<string, long> Numbers(JsonElement element) => element.EnumerateObject().ToDictionary(member => member.Name, member => member.Value.GetInt64());

    private static IEnumerable<(string Name, string Json)> Blocks(string kind) =>
        Fence().Matches(s_document).Where(match => match.Groups["kind"].Value == kind).Select(match => (match.Groups["name"].Value, match.Groups["json"].Value));

    [GeneratedRegex(@"^```json (?<kind>[a-z-]+)(?: (?<name>[a-z-]+))?\n(?<json>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
