using System.Text;
using System.Text.Json.Nodes;
using Verathos.Attestation.Binding;
using Verathos.Attestation.Policies;
using Verathos.Attestation.Verdicts;
using Verathos.Simulator.Cases;

namespace Verathos.Attestation.Tests.Policies;

/// <summary>Lines that the shipped policies waive, and what waiving one line does to its neighbours.</summary>
public sealed class OptionalLineTests(SimulatedAuthorities authorities) : IClassFixture<SimulatedAuthorities>
{
    private const string Waiver = """{"waived": "for this test"}""";

    private static readonly byte[] Genesis = [.. Enumerable.Repeat((byte)7, 32)];

    [Fact]
    public void A_node_of_the_subnet_is_accepted_and_any_other_is_rejected_by_that_line_alone()
    {
        Policy policy = With(root => root["node"]!["subnet"] = new JsonObject { ["genesisHash"] = Convert.ToHexStringLower(Genesis), ["networkUid"] = 96 });
        Verdict right = authorities.Appraise(authorities.Mint(node => node with { Identity = new NodeIdentity(Genesis, 96, new byte[32]) }), policy);
        Assert.True(right.IsAccepted, right.Reason);

        foreach (NodeIdentity? identity in new[] { null, new NodeIdentity(Genesis, 97, new byte[32]), new NodeIdentity(new byte[32], 96, new byte[32]) })
        {
            Verdict wrong = authorities.Appraise(authorities.Mint(node => node with { Identity = identity }), policy);
            Assert.Equal(["policy.node.subnet"], Failed(wrong));
        }
    }

    [Fact]
    public void A_listed_device_is_accepted_and_any_other_is_rejected_by_that_line_alone()
    {
        NodeEvidence evidence = authorities.Mint();
        string device = authorities.Appraise(evidence, null).Claims["gpu.0.device"];
        Verdict right = authorities.Appraise(evidence, With(root => root["gpu"]!["devices"] = new JsonArray(device.ToUpperInvariant())));
        Assert.True(right.IsAccepted, right.Reason);

        Verdict wrong = authorities.Appraise(evidence, With(root => root["gpu"]!["devices"] = new JsonArray(device[1..])));
        Assert.Equal(["policy.gpu.devices"], Failed(wrong));

        // One listed device does not vouch for the others.
        NodeEvidence two = authorities.Mint(node => node with { GpuCount = 2 });
        Assert.Equal(["policy.gpu.devices"], Failed(authorities.Appraise(two, With(root => root["gpu"]!["devices"] = new JsonArray(device)))));
    }

    [Fact]
    public void Without_a_gpu_every_required_line_of_the_section_fails_though_the_count_is_waived()
    {
        NodeEvidence evidence = authorities.Mint(node => node with { GpuCount = 0 });
        string[] required = [.. PolicyEdit.RequiredLines(SimulatedAuthorities.Simulated).Where(line => line.StartsWith("gpu.", StringComparison.Ordinal))];
        Assert.Equal(11, required.Length);

        Verdict verdict = authorities.Appraise(evidence, PolicyEdit.WithLineWaived(SimulatedAuthorities.Simulated, "gpu.count"));

        Assert.Equal(required.Where(line => line != "gpu.count").Select(line => $"policy.{line}").Order(), Failed(verdict).Order());
        foreach (string line in required.Append("gpu.devices"))
        {
            // Any one of them rejects with all the others waived.
            Policy alone = With(root =>
            {
                foreach (string other in root["gpu"]!.AsObject().Select(field => field.Key).Where(name => $"gpu.{name}" != line).ToArray())
                {
                    root["gpu"]![other] = JsonNode.Parse(Waiver);
                }

                if (line == "gpu.devices")
                {
                    root["gpu"]!["devices"] = new JsonArray("01");
                }
            });
            Assert.Equal([$"policy.{line}"], Failed(authorities.Appraise(evidence, alone)));
        }
    }

    private static IEnumerable<string> Failed(Verdict verdict) =>
        verdict.Checks.Where(check => check.Result == CheckResult.Failed).Select(check => check.Name);

    private static Policy With(Action<JsonNode> change)
    {
        JsonNode root = JsonNode.Parse(SimulatedAuthorities.Simulated.Raw.Span)!;
        change(root);
        return Policy.TryParse(Encoding.UTF8.GetBytes(root.ToJsonString()), out Policy? policy, out IReadOnlyList<string> errors)
            ? policy!
            : throw new InvalidOperationException(string.Join("; ", errors));
    }
}
