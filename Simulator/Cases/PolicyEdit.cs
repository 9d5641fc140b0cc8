using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Verathos.Attestation;
using Verathos.Attestation.Policies;

namespace Verathos.Simulator.Cases;

/// <summary>Copies of a policy that differ from it in one thing.</summary>
public static class PolicyEdit
{
    /// <summary>The policy with the simulated trust anchor and nothing else changed.</summary>
    public static Policy WithSimulatedAnchor(Policy policy) =>
        Edit(policy, root => root["trustAnchors"] = new JsonArray(TrustAnchors.SimulatedName));

    /// <summary>The policy with one line waived.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="line">Section and field, such as <c>tdx.mrTd</c>.</param>
    /// <exception cref="ArgumentException">The policy has no such line.</exception>
    public static Policy WithLineWaived(Policy policy, string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        string[] path = line.Split('.');
        return Edit(policy, root =>
        {
            if (path.Length != 2 || root[path[0]]?[path[1]] is null)
            {
                throw new ArgumentException($"the policy has no line {line}");
            }

            root[path[0]]![path[1]] = new JsonObject { ["waived"] = "left out to show that nothing else rejects" };
        });
    }

    /// <summary>The policy without one section.</summary>
    public static Policy WithoutSection(Policy policy, string section) => Edit(policy, root => root.Remove(section));

    /// <summary>The lines that the policy requires, and so does not waive.</summary>
    public static IReadOnlyList<string> RequiredLines(Policy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        List<string> lines = [];
        using JsonDocument document = JsonDocument.Parse(policy.Raw);
        foreach (JsonProperty section in document.RootElement.EnumerateObject().Where(item => item.Value.ValueKind == JsonValueKind.Object))
        {
            lines.AddRange(section.Value.EnumerateObject()
                .Where(field => field.Value.ValueKind != JsonValueKind.Object || !field.Value.TryGetProperty("waived", out _))
                .Select(field => $"{section.Name}.{field.Name}"));
        }

        return lines;
    }

    private static Policy Edit(Policy policy, Action<JsonObject> change)
    {
        ArgumentNullException.ThrowIfNull(policy);
        JsonObject root = JsonNode.Parse(policy.Raw.Span)!.AsObject();
        change(root);
        return Policy.TryParse(Encoding.UTF8.GetBytes(root.ToJsonString()), out Policy? edited, out IReadOnlyList<string> errors)
            ? edited!
            : throw new ArgumentException(string.Join("; ", errors));
    }
}
