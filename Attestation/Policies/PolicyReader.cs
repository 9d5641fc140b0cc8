using System.Text.Json;
using Verathos.Attestation.Snp;
using Verathos.Attestation.Verdicts;

namespace Verathos.Attestation.Policies;

/// <summary>Reads policy schema version 1 and collects every error.</summary>
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
            Section? root = OpenSection(document.RootElement, "");
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
            NodePolicy? node = root.Take("node") is { } nodeElement ? ReadNode(nodeElement) : null;
            if (node is null)
            {
                _errors.Add("node: the section is required");
            }

            TdxPolicy? tdx = root.Take("tdx") is { } tdxElement ? ReadTdx(tdxElement) : null;
            SgxPolicy? sgx = root.Take("sgx") is { } sgxElement ? ReadSgx(sgxElement) : null;
            GpuPolicy? gpu = root.Take("gpu") is { } gpuElement ? ReadGpu(gpuElement) : null;
            SnpPolicy? snp = root.Take("snp") is { } snpElement ? ReadSnp(snpElement) : null;
            root.Close(_errors);
            if (tdx is null && sgx is null && gpu is null && snp is null && _errors.Count == 0)
            {
                _errors.Add("the policy has a section for no evidence format, so it would reject everything");
            }

            CheckAnchorsCover(anchors, tdx is not null || sgx is not null, gpu is not null, snp is not null);
            return _errors.Count == 0 ? new Policy(name, anchors, node!, tdx, sgx, gpu, snp, json) : null;
        }
    }

    private void CheckVersion(Section root)
    {
        if (root.Take("version") is not { ValueKind: JsonValueKind.Number } version || !version.TryGetInt32(out int number) || number != 1)
        {
            _errors.Add("version: 1 is required");
        }
    }

    private List<string> ReadAnchors(Section root)
    {
        List<string> names = [];
        if (root.Take("trustAnchors") is not { ValueKind: JsonValueKind.Array } array)
        {
            _errors.Add("trustAnchors: [\"simulated\"], or a list of \"intel\", \"nvidia\" and \"amd\", is required");
            return names;
        }

        foreach (JsonElement element in array.EnumerateArray())
        {
            string? anchor = element.ValueKind == JsonValueKind.String ? element.GetString() : null;
            if (anchor is not (TrustAnchors.SimulatedName or TrustAnchors.IntelName or TrustAnchors.NvidiaName or TrustAnchors.AmdName) || names.Contains(anchor))
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

    private void CheckAnchorsCover(List<string> anchors, bool quotes, bool gpu, bool snp)
    {
        if (anchors.Count == 0 || anchors.Contains(TrustAnchors.SimulatedName))
        {
            return;
        }

        if (quotes != anchors.Contains(TrustAnchors.IntelName))
        {
            _errors.Add("trustAnchors: \"intel\" and the section tdx or sgx belong together");
        }

        if (gpu != anchors.Contains(TrustAnchors.NvidiaName))
        {
            _errors.Add("trustAnchors: \"nvidia\" and the section gpu belong together");
        }

        if (snp != anchors.Contains(TrustAnchors.AmdName))
        {
            _errors.Add("trustAnchors: \"amd\" and the section snp belong together");
        }
    }

    private NodePolicy? ReadNode(JsonElement element)
    {
        Section? section = OpenSection(element, "node");
        if (section is null)
        {
            return null;
        }

        NodePolicy node = new()
        {
            TimeSources = Field<IReadOnlyList<TimeSource>>(section, "timeSources", PolicyValues.TimeSources),
            MaxEvidenceAge = Field<TimeSpan>(section, "maxEvidenceAgeSeconds", PolicyValues.Seconds),
            MaxKeysetLifetime = Field<TimeSpan>(section, "maxKeysetLifetimeSeconds", PolicyValues.Seconds),
            Kems = Field<IReadOnlyList<int>>(section, "kems", PolicyValues.Kems),
            Topologies = Field<IReadOnlyList<string>>(section, "topologies", PolicyValues.Topologies),
            Manifests = Field<IReadOnlyList<ReadOnlyMemory<byte>>>(section, "manifests", PolicyValues.HexList(32)),
            Subnet = Field<SubnetRule>(section, "subnet", PolicyValues.Subnet),
        };
        section.Close(_errors);
        return node;
    }

    private TdxPolicy? ReadTdx(JsonElement element)
    {
        Section? section = OpenSection(element, "tdx");
        if (section is null)
        {
            return null;
        }

        PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> Hashes(string name) =>
            Field<IReadOnlyList<ReadOnlyMemory<byte>>>(section, name, PolicyValues.HexList(48));

        QuotePolicy quote = ReadQuote(section);
        TdxPolicy tdx = new()
        {
            DebugOff = Field<bool>(section, "debug", PolicyValues.Only("off")),
            Quote = quote,
            QeVendors = quote.QeVendors,
            TcbStatuses = quote.TcbStatuses,
            MinTcbEvaluationNumber = quote.MinTcbEvaluationNumber,
            MaxCollateralAge = quote.MaxCollateralAge,
            Fmspcs = quote.Fmspcs,
            Ppids = quote.Ppids,
            MinTeeTcbSvn = Field<ReadOnlyMemory<byte>>(section, "minTeeTcbSvn", PolicyValues.Hex(16)),
            MrSeam = Hashes("mrSeam"),
            MrSignerSeam = Hashes("mrSignerSeam"),
            SeamAttributes = Field<IReadOnlyList<ReadOnlyMemory<byte>>>(section, "seamAttributes", PolicyValues.HexList(8)),
            TdAttributes = Field<MaskedValue>(section, "tdAttributes", PolicyValues.Masked(8)),
            Xfam = Field<MaskedValue>(section, "xfam", PolicyValues.Masked(8)),
            MrTd = Hashes("mrTd"),
            MrConfigId = Hashes("mrConfigId"),
            MrOwner = Hashes("mrOwner"),
            MrOwnerConfig = Hashes("mrOwnerConfig"),
            Rtmrs = [Hashes("rtmr0"), Hashes("rtmr1"), Hashes("rtmr2"), Hashes("rtmr3")],
            MrServiceTd = Hashes("mrServiceTd"),
        };
        section.Close(_errors);
        return tdx;
    }

    private QuotePolicy ReadQuote(Section section) => new()
    {
        QeVendors = Field<IReadOnlyList<ReadOnlyMemory<byte>>>(section, "qeVendors", PolicyValues.HexList(16)),
        TcbStatuses = Field<IReadOnlyList<TcbStatus>>(section, "tcbStatuses", PolicyValues.TcbStatuses),
        TcbRecovery = Field<TcbRecoveryRule>(section, "tcbRecovery", PolicyValues.Recovery),
        MinTcbDate = Field<DateTimeOffset>(section, "minTcbDate", PolicyValues.Date),
        MinTcbEvaluationNumber = Field<int>(section, "minTcbEvaluationNumber", PolicyValues.Integer),
        MaxCollateralAge = Field<TimeSpan>(section, "maxCollateralAgeSeconds", PolicyValues.Seconds),
        Fmspcs = Field<IReadOnlyList<ReadOnlyMemory<byte>>>(section, "fmspcs", PolicyValues.HexList(6)),
        Ppids = Field<IReadOnlyList<ReadOnlyMemory<byte>>>(section, "ppids", PolicyValues.HexList(16)),
        DeniedPpids = Field<IReadOnlyList<ReadOnlyMemory<byte>>>(section, "deniedPpids", PolicyValues.HexList(16)),
    };

    private SgxPolicy? ReadSgx(JsonElement element)
    {
        Section? section = OpenSection(element, "sgx");
        if (section is null)
        {
            return null;
        }

        PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> Values(string name, int length) =>
            Field<IReadOnlyList<ReadOnlyMemory<byte>>>(section, name, PolicyValues.HexList(length));

        SgxPolicy sgx = new()
        {
            DebugOff = Field<bool>(section, "debug", PolicyValues.Only("off")),
            Quote = ReadQuote(section),
            MrEnclave = Values("mrEnclave", 32),
            MrSigner = Values("mrSigner", 32),
            IsvProdId = Field<int>(section, "isvProdId", PolicyValues.Integer),
            MinIsvSvn = Field<int>(section, "minIsvSvn", PolicyValues.Integer),
            Attributes = Field<MaskedValue>(section, "attributes", PolicyValues.Masked(16)),
            MiscSelect = Field<MaskedValue>(section, "miscSelect", PolicyValues.Masked(4)),
            ConfigIds = Values("configIds", 64),
            ReportData = Values("reportData", 64),
        };
        section.Close(_errors);
        return sgx;
    }

    private GpuPolicy? ReadGpu(JsonElement element)
    {
        Section? section = OpenSection(element, "gpu");
        if (section is null)
        {
            return null;
        }

        GpuPolicy gpu = new()
        {
            Count = Field<CountRange>(section, "count", PolicyValues.Range),
            Models = Field<IReadOnlyList<string>>(section, "models", PolicyValues.Strings),
            Drivers = Field<IReadOnlyList<string>>(section, "drivers", PolicyValues.Strings),
            Vbios = Field<IReadOnlyList<string>>(section, "vbios", PolicyValues.Strings),
            Devices = Field<IReadOnlyList<string>>(section, "devices", PolicyValues.Strings),
            Modes = Field<IReadOnlyList<string>>(section, "modes", PolicyValues.GpuModes),
            ConfidentialModeOn = Field<bool>(section, "confidentialMode", PolicyValues.Only("on")),
            DevToolsOff = Field<bool>(section, "devTools", PolicyValues.Only("off")),
            Measurements = Field<bool>(section, "measurements", PolicyValues.Only("equal")),
        };
        section.Close(_errors);
        return gpu;
    }

    private SnpPolicy? ReadSnp(JsonElement element)
    {
        Section? section = OpenSection(element, "snp");
        if (section is null)
        {
            return null;
        }

        PolicyField<IReadOnlyList<ReadOnlyMemory<byte>>> Values(string name, int length) =>
            Field<IReadOnlyList<ReadOnlyMemory<byte>>>(section, name, PolicyValues.HexList(length));

        SnpPolicy snp = new()
        {
            DebugOff = Field<bool>(section, "debug", PolicyValues.Only("off")),
            MigrationOff = Field<bool>(section, "migration", PolicyValues.Only("off")),
            ReservedZero = Field<bool>(section, "reserved", PolicyValues.Only("zero")),
            RevocationListRequired = Field<bool>(section, "revocation", PolicyValues.Only("crl")),
            MaxCollateralAge = Field<TimeSpan>(section, "maxCollateralAgeSeconds", PolicyValues.Seconds),
            Products = Field<IReadOnlyList<SnpProduct>>(section, "products", PolicyValues.SnpProductList),
            SigningKeys = Field<IReadOnlyList<SnpSigningKey>>(section, "signingKeys", PolicyValues.SnpSigningKeys),
            Vmpls = Field<IReadOnlyList<int>>(section, "vmpls", PolicyValues.Vmpls),
            GuestPolicy = Field<MaskedValue>(section, "guestPolicy", PolicyValues.Masked(8)),
            PlatformInfo = Field<MaskedValue>(section, "platformInfo", PolicyValues.Masked(8)),
            MinGuestSvn = Field<int>(section, "minGuestSvn", PolicyValues.Integer),
            MinReportedTcb = Field<SnpTcb>(section, "minReportedTcb", PolicyValues.Tcb),
            MinCommittedTcb = Field<SnpTcb>(section, "minCommittedTcb", PolicyValues.Tcb),
            MinLaunchTcb = Field<SnpTcb>(section, "minLaunchTcb", PolicyValues.Tcb),
            Mitigations = Field<MaskedValue>(section, "mitigations", PolicyValues.Masked(8)),
            Measurements = Values("measurements", 48),
            HostData = Values("hostData", 32),
            ReportData = Values("reportData", 64),
            FamilyIds = Values("familyIds", 16),
            ImageIds = Values("imageIds", 16),
            IdKeys = Values("idKeys", 48),
            AuthorKeys = Values("authorKeys", 48),
            Chips = Values("chips", 64),
            DeniedChips = Values("deniedChips", 64),
        };
        section.Close(_errors);
        return snp;
    }

    private Section? OpenSection(JsonElement element, string path)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            return new Section(element, path);
        }

        _errors.Add($"{(path.Length == 0 ? "the policy" : path)}: a JSON object is required");
        return null;
    }

    private PolicyField<T> Field<T>(Section section, string name, PolicyValues.Reader<T> read)
        where T : notnull
    {
        string line = section.PathOf(name);
        if (section.Take(name) is not { } element)
        {
            _errors.Add($"{line}: required, or {{\"waived\": \"reason\"}}");
            return PolicyField<T>.Waived(line, "missing");
        }

        if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty("waived", out JsonElement reason))
        {
            if (reason.ValueKind != JsonValueKind.String || string.IsNullOrWhiteSpace(reason.GetString()) || element.GetPropertyCount() != 1)
            {
                _errors.Add($"{line}: a waiver is {{\"waived\": \"reason\"}} with a reason and nothing else");
                return PolicyField<T>.Waived(line, "malformed");
            }

            return PolicyField<T>.Waived(line, reason.GetString()!);
        }

        if (!read(element, out T? value, out string problem))
        {
            _errors.Add($"{line}: {problem}");
            return PolicyField<T>.Waived(line, "malformed");
        }

        return PolicyField<T>.Required(line, value!);
    }

    /// <summary>An object whose members are taken one by one; what is left is unknown.</summary>
    private sealed class Section(JsonElement element, string path)
    {
        private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

        public string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";

        public JsonElement? Take(string name)
        {
            _taken.Add(name);
            return element.TryGetProperty(name, out JsonElement value) ? value : null;
        }

        public void Close(List<string> errors)
        {
            foreach (JsonProperty property in element.EnumerateObject())
            {
                if (!_taken.Contains(property.Name))
                {
                    errors.Add($"{PathOf(property.Name)}: unknown member");
                }
            }
        }
    }
}
