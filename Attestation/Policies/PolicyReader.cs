using System.Text.Json;

namespace Verathos.Attestation.Policies;

/// <summary>Reads policy schema version 1 and collects every error. Each section is read by the record that holds it.</summary>
internal sealed class PolicyReader
{
    private const int MaximumLength = 1 << 20;

    private readonly List<string> _errors = [];

    public static Policy? Read(byte[] json, out IReadOnlyList<string> errors)
    {
        PolicyReader reader = new();
        Policy? policy = null;
        try
        {
            policy = reader.ReadDocument(json);
        }
        catch (InvalidOperationException e)
        {
            // An escaped lone surrogate is JSON, and no text: reading it as a string throws.
            reader._errors.Add($"a name or string is not Unicode text: {e.Message}");
        }

        errors = reader._errors;
        return reader._errors.Count == 0 ? policy : null;
    }

    private Policy? ReadDocument(byte[] json)
    {
        if (json.Length > MaximumLength)
        {
            _errors.Add($"the policy is {json.Length} bytes long; at most {MaximumLength} are read");
            return null;
        }

        ParseSteps.Add(json.Length);
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
        }
        catch (JsonException e)
        {
            _errors.Add($"not JSON, or a member appears twice: {e.Message}");
            return null;
        }

        using (document)
        {
            PolicySection? root = PolicySection.Open(document.RootElement, "", _errors);
            if (root is null)
            {
                return null;
            }

            CheckVersion(root);
            string name = root.Take("name") is { ValueKind: JsonValueKind.String } text ? text.GetString()! : "";
            if (name.Length is 0 or > 100)
            {
                _errors.Add("name: a string of 1 to 100 characters is required");
            }

            List<string> anchors = ReadAnchors(root);
            NodePolicy? node = root.Inner("node", NodePolicy.Read);
            if (node is null)
            {
                _errors.Add("node: the section is required");
            }

            PolicySections sections = new()
            {
                Tdx = root.Inner("tdx", TdxPolicy.Read),
                Sgx = root.Inner("sgx", SgxPolicy.Read),
                Snp = root.Inner("snp", SnpPolicy.Read),
                Gpu = root.Inner("gpu", GpuPolicy.Read),
                AzureHcl = root.Inner("azureHcl", AzureHclPolicy.Read),
                NvidiaEat = root.Inner("nvidiaEat", NvidiaEatPolicy.Read),
                AzureMaa = root.Inner("azureMaa", AzureMaaPolicy.Read),
            };
            root.Close();
            if (sections.IsEmpty && _errors.Count == 0)
            {
                _errors.Add("the policy has a section for no evidence format, so it would reject everything");
            }

            if (sections is { AzureHcl: not null, Snp: null, Tdx: null } && _errors.Count == 0)
            {
                _errors.Add("azureHcl: the section snp or tdx, for the hardware below, is required with it");
            }

            CheckAnchorsCover(anchors, sections);
            return _errors.Count == 0 ? new Policy(name, anchors, node!, sections, json) : null;
        }
    }

    private void CheckVersion(PolicySection root)
    {
        if (root.Take("version") is not { ValueKind: JsonValueKind.Number } version || !version.TryGetInt32(out int number) || number != 1)
        {
            _errors.Add("version: 1 is required");
        }
    }

    private List<string> ReadAnchors(PolicySection root)
    {
        List<string> names = [];
        if (root.Take("trustAnchors") is not { ValueKind: JsonValueKind.Array } array)
        {
            _errors.Add("trustAnchors: [\"simulated\"], or a list of \"intel\", \"nvidia\", \"amd\" and \"azure\", is required");
            return names;
        }

        foreach (JsonElement element in array.EnumerateArray())
        {
            string? anchor = element.ValueKind == JsonValueKind.String ? element.GetString() : null;
            if (anchor is not (TrustAnchors.SimulatedName or TrustAnchors.IntelName or TrustAnchors.NvidiaName or TrustAnchors.AmdName or TrustAnchors.AzureName)
                || names.Contains(anchor))
            {
                _errors.Add($"trustAnchors: {element.GetRawText()} is unknown or appears twice");
                continue;
            }

            names.Add(anchor);
        }

        if (names.Count == 0)
        {
            _errors.Add("trustAnchors: at least one is required");
        }
        else if (names.Contains(TrustAnchors.SimulatedName) && names.Count > 1)
        {
            _errors.Add("trustAnchors: \"simulated\" stands alone: a policy that admits real hardware never admits a simulated anchor");
        }

        return names;
    }

    private void CheckAnchorsCover(List<string> anchors, PolicySections sections)
    {
        if (anchors.Count == 0 || anchors.Contains(TrustAnchors.SimulatedName))
        {
            return;
        }

        Together(TrustAnchors.IntelName, "tdx or sgx", sections.Tdx is not null || sections.Sgx is not null);
        Together(TrustAnchors.NvidiaName, "gpu or nvidiaEat", sections.Gpu is not null || sections.NvidiaEat is not null);
        Together(TrustAnchors.AmdName, "snp", sections.Snp is not null);
        Together(TrustAnchors.AzureName, "azureMaa", sections.AzureMaa is not null);

        void Together(string anchor, string what, bool present)
        {
            if (present != anchors.Contains(anchor))
            {
                _errors.Add($"trustAnchors: \"{anchor}\" and the section {what} belong together");
            }
        }
    }
}
