using Verathos.Attestation.Collateral;
using Verathos.Attestation.Dcap;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Tdx;

/// <summary>
/// The TCB status of an SGX or TDX platform by Intel's algorithm (Intel PCS API v4, "Get TDX TCB Info", evaluation algorithm; Quote
/// Verification Library, QuoteVerifier).
/// </summary>
public sealed record TcbEvaluation
{
    /// <summary>The merged status.</summary>
    public required TcbStatus Status { get; init; }

    /// <summary>The status of the first TCB level that matches; null where none does.</summary>
    public required TcbStatus? Platform { get; init; }

    /// <summary>The date of that level.</summary>
    public required DateTimeOffset? TcbDate { get; init; }

    /// <summary>The status of the TDX module; null where TEE_TCB_SVN[1] is 0 and the module is judged by the TCB level alone.</summary>
    public required TcbStatus? Module { get; init; }

    /// <summary>The status of the quoting enclave; null where no level matches.</summary>
    public required TcbStatus? QuotingEnclave { get; init; }

    /// <summary>Why the module is not the one of the TCB info; null where it is.</summary>
    public required string? ModuleProblem { get; init; }

    /// <summary>Why the quoting enclave is not the one of the QE identity; null where it is.</summary>
    public required string? QeProblem { get; init; }

    /// <summary>Advisories of all matched levels, sorted, each once.</summary>
    public required IReadOnlyList<string> Advisories { get; init; }

    /// <summary>
    /// The earliest date of the levels that matched: platform, TDX module and quoting enclave; null where the platform matches
    /// none.
    /// </summary>
    public DateTimeOffset? MinimumTcbDate { get; init; }

    /// <summary>How many distinct TCB dates newer than <see cref="TcbDate"/> the TCB info lists; null where no level matches.</summary>
    public int? LevelsBehind { get; init; }

    /// <summary>The newest TCB date of the TCB info.</summary>
    public DateTimeOffset? NewestTcbDate { get; init; }

    /// <summary>
    /// Since when the platform lacks something: the earliest date of a level that is newer than the one that matched, over those of
    /// platform, module and quoting enclave that are out of date. Null where none is, or where no newer level has a date.
    /// </summary>
    public DateTimeOffset? BehindSince { get; init; }

    /// <summary>The date of the TDX module's matched level, and the newest of its levels'; null where no module identity counts.</summary>
    public (DateTimeOffset Matched, DateTimeOffset Newest)? ModuleDates { get; init; }

    /// <summary>The date of the quoting enclave's matched level, and the newest of its levels'; null where no level matches.</summary>
    public (DateTimeOffset Matched, DateTimeOffset Newest)? QuotingEnclaveDates { get; init; }

    /// <summary>
    /// The merged status by TEE_TCB_SVN2, the module that runs now; null for a report before TDX 1.5. <see cref="Status"/> has it in.
    /// </summary>
    public TcbStatus? Current { get; init; }

    /// <summary>Evaluates one quote of TDX 1.0 against its collateral. Signatures and dates are judged elsewhere.</summary>
    public static TcbEvaluation Evaluate(TdReport body, EnclaveReport qeReport, PckExtensions pck, TcbInfo tcbInfo, QeIdentity qeIdentity) =>
        Evaluate(body, null, qeReport, pck, tcbInfo, qeIdentity);

    /// <summary>Evaluates one quote, of SGX or TDX, against its collateral. Signatures and dates are judged elsewhere.</summary>
    public static TcbEvaluation Evaluate(DcapQuote quote, PckExtensions pck, TcbInfo tcbInfo, QeIdentity qeIdentity)
    {
        ArgumentNullException.ThrowIfNull(quote);
        return Evaluate(quote.Td, quote.TeeTcbSvn2, quote.Signature.QeReport, pck, tcbInfo, qeIdentity);
    }

    private static TcbEvaluation Evaluate(
        TdReport? body, ReadOnlyMemory<byte>? currentSvn, EnclaveReport qeReport, PckExtensions pck, TcbInfo tcbInfo, QeIdentity qeIdentity)
    {
        ArgumentNullException.ThrowIfNull(pck);
        ArgumentNullException.ThrowIfNull(tcbInfo);
        ArgumentNullException.ThrowIfNull(qeIdentity);
        string? qeProblem = CheckQe(qeReport, qeIdentity, body is null ? "QE" : "TD_QE");
        IsvSvnLevel? qeLevel = FirstLevel(qeIdentity.TcbLevels, qeReport.IsvSvn);
        Matched launch = Match(body?.TeeTcbSvn, pck, tcbInfo, qeLevel);
        SortedSet<string> advisories = new(StringComparer.Ordinal);
        advisories.UnionWith(launch.Platform?.AdvisoryIds ?? []);
        advisories.UnionWith(launch.Module?.AdvisoryIds ?? []);
        advisories.UnionWith(qeLevel?.AdvisoryIds ?? []);
        TcbStatus? current = currentSvn is { } svn ? Match(svn, pck, tcbInfo, qeLevel).Status : null;
        return new TcbEvaluation
        {
            Status = current is { } now ? Relaunch(launch.Status, now) : launch.Status,
            Current = current,
            Platform = launch.Platform?.Status,
            TcbDate = launch.Platform?.TcbDate,
            MinimumTcbDate = launch.Platform is { } level ? Earliest(level.TcbDate, launch.Module?.TcbDate, qeLevel?.TcbDate) : null,
            LevelsBehind = launch.Platform is { } matched
                ? tcbInfo.TcbLevels.Select(item => item.TcbDate).Where(date => date > matched.TcbDate).Distinct().Count()
                : null,
            NewestTcbDate = tcbInfo.TcbLevels.Max(item => item.TcbDate),
            BehindSince = Earliest(
                launch.Platform is { } own ? Since(own.Status, own.TcbDate, tcbInfo.TcbLevels.Select(item => item.TcbDate)) : null,
                launch.Module is { } part ? Since(part.Status, part.TcbDate, launch.ModuleLevels.Select(item => item.TcbDate)) : null,
                qeLevel is not null ? Since(qeLevel.Status, qeLevel.TcbDate, qeIdentity.TcbLevels.Select(item => item.TcbDate)) : null),
            ModuleDates = launch.Module is { } seam ? (seam.TcbDate, launch.ModuleLevels.Max(item => item.TcbDate)) : null,
            QuotingEnclaveDates = qeLevel is not null ? (qeLevel.TcbDate, qeIdentity.TcbLevels.Max(item => item.TcbDate)) : null,
            Module = launch.HasModule ? launch.Module?.Status ?? TcbStatus.NoMatch : null,
            QuotingEnclave = qeLevel?.Status,
            ModuleProblem = body is { } report ? CheckModule(report, tcbInfo) : null,
            QeProblem = qeProblem,
            Advisories = [.. advisories],
        };
    }

    /// <summary>
    /// A guest that was launched out of date under a platform that is current now: starting it again would heal it. A current
    /// status that cannot be computed leaves none (Quote Verification Library, checkForRelaunch).
    /// </summary>
    internal static TcbStatus Relaunch(TcbStatus launch, TcbStatus current)
    {
        if (current == TcbStatus.NoMatch)
        {
            return TcbStatus.NoMatch;
        }

        bool launchedOutOfDate = launch is TcbStatus.OutOfDate or TcbStatus.OutOfDateConfigurationNeeded;
        bool currentHolds = current is TcbStatus.UpToDate or TcbStatus.SWHardeningNeeded or TcbStatus.ConfigurationNeeded
            or TcbStatus.ConfigurationAndSWHardeningNeeded;
        if (!launchedOutOfDate || !currentHolds)
        {
            return launch;
        }

        return launch == TcbStatus.OutOfDateConfigurationNeeded
            || current is TcbStatus.ConfigurationNeeded or TcbStatus.ConfigurationAndSWHardeningNeeded
                ? TcbStatus.TDRelaunchAdvisedConfigurationNeeded
                : TcbStatus.TDRelaunchAdvised;
    }

    private static Matched Match(ReadOnlyMemory<byte>? teeTcbSvn, PckExtensions pck, TcbInfo tcbInfo, IsvSvnLevel? qeLevel)
    {
        TcbLevel? level = FirstLevel(teeTcbSvn, pck, tcbInfo);
        IsvSvnLevel? module = null;
        IReadOnlyList<IsvSvnLevel> moduleLevels = [];
        bool hasModule = false;
        if (teeTcbSvn is { } svn && svn.Span[1] > 0)
        {
            hasModule = true;
            moduleLevels = FindModule(tcbInfo, svn.Span[1])?.TcbLevels ?? [];
            module = FirstLevel(moduleLevels, svn.Span[0]);
        }

        TcbStatus status = TcbStatus.NoMatch;
        if (level is not null && qeLevel is not null && (!hasModule || module is not null))
        {
            status = module is null ? level.Status : Merge(level.Status, module.Status);
            status = Merge(status, qeLevel.Status);
        }

        return new Matched(level, module, moduleLevels, hasModule, status);
    }

    private static DateTimeOffset? Earliest(params ReadOnlySpan<DateTimeOffset?> dates)
    {
        DateTimeOffset? earliest = null;
        foreach (DateTimeOffset? date in dates)
        {
            earliest = earliest is null || date < earliest ? date ?? earliest : earliest;
        }

        return earliest;
    }

    // The first newer date of a part that is out of date.
    private static DateTimeOffset? Since(TcbStatus status, DateTimeOffset matched, IEnumerable<DateTimeOffset> dates)
    {
        DateTimeOffset? since = null;
        if (status is TcbStatus.OutOfDate or TcbStatus.OutOfDateConfigurationNeeded)
        {
            foreach (DateTimeOffset date in dates)
            {
                since = date > matched && (since is null || date < since) ? date : since;
            }
        }

        return since;
    }

    private readonly record struct Matched(
        TcbLevel? Platform, IsvSvnLevel? Module, IReadOnlyList<IsvSvnLevel> ModuleLevels, bool HasModule, TcbStatus Status);

    /// <summary>A component's status weighs on the platform's: revoked overrides all, out of date degrades.</summary>
    internal static TcbStatus Merge(TcbStatus platform, TcbStatus component)
    {
        if (platform == TcbStatus.Revoked || component == TcbStatus.Revoked)
        {
            return TcbStatus.Revoked;
        }

        if (component != TcbStatus.OutOfDate)
        {
            return platform;
        }

        return platform switch
        {
            TcbStatus.UpToDate or TcbStatus.SWHardeningNeeded => TcbStatus.OutOfDate,
            TcbStatus.ConfigurationNeeded or TcbStatus.ConfigurationAndSWHardeningNeeded => TcbStatus.OutOfDateConfigurationNeeded,
            _ => platform,
        };
    }

    private static string? CheckQe(EnclaveReport report, QeIdentity identity, string id)
    {
        if (identity.Id != id)
        {
            return $"the identity is that of {identity.Id}, not {id}";
        }

        if (!EqualsMasked(report.MiscSelect, identity.MiscSelectMask.Span, identity.MiscSelect.Span))
        {
            return "MISCSELECT differs";
        }

        if (!EqualsMasked(report.Attributes, identity.AttributesMask.Span, identity.Attributes.Span))
        {
            return "ATTRIBUTES differ";
        }

        if (!report.MrSigner.SequenceEqual(identity.MrSigner.Span))
        {
            return "MRSIGNER differs";
        }

        return report.IsvProdId == identity.IsvProdId ? null : $"ISVPRODID {report.IsvProdId} is not {identity.IsvProdId}";
    }

    private static TdxModuleIdentity? FindModule(TcbInfo tcbInfo, byte major)
    {
        string id = $"TDX_{major:X2}";
        return tcbInfo.TdxModuleIdentities.FirstOrDefault(item => string.Equals(item.Id, id, StringComparison.OrdinalIgnoreCase));
    }

    private static string? CheckModule(TdReport body, TcbInfo tcbInfo)
    {
        byte major = body.TeeTcbSvn.Span[1];
        TdxModuleIdentity? module = major > 0 ? FindModule(tcbInfo, major) : tcbInfo.TdxModule;
        if (module is null)
        {
            return major > 0 && tcbInfo.Id == "TDX" ? $"the TCB info has no module TDX_{major:X2}" : "the TCB info is not for TDX";
        }

        if (!body.MrSignerSeam.Span.SequenceEqual(module.MrSigner.Span))
        {
            return "MRSIGNERSEAM differs";
        }

        return EqualsMasked(body.SeamAttributes.Span, module.AttributesMask.Span, module.Attributes.Span) ? null : "SEAMATTRIBUTES differ";
    }

    private static TcbLevel? FirstLevel(ReadOnlyMemory<byte>? teeTcbSvn, PckExtensions pck, TcbInfo tcbInfo)
    {
        if (tcbInfo.Id != (teeTcbSvn is null ? "SGX" : "TDX"))
        {
            return null;
        }

        foreach (TcbLevel level in tcbInfo.TcbLevels)
        {
            if (!AtLeast(pck.ComponentSvns.Span, level.SgxComponents.Span, 0) || pck.PceSvn < level.PceSvn)
            {
                continue;
            }

            // The module's own two SVNs are judged by its identity where there is one.
            if (teeTcbSvn is not { } svn || AtLeast(svn.Span, level.TdxComponents.Span, svn.Span[1] > 0 ? 2 : 0))
            {
                return level;
            }
        }

        return null;
    }

    private static IsvSvnLevel? FirstLevel(IReadOnlyList<IsvSvnLevel> levels, int svn)
    {
        foreach (IsvSvnLevel level in levels)
        {
            if (svn >= level.IsvSvn)
            {
                return level;
            }
        }

        return null;
    }

    private static bool AtLeast(ReadOnlySpan<byte> actual, ReadOnlySpan<byte> required, int from)
    {
        for (int i = from; i < 16; i++)
        {
            if (actual[i] < required[i])
            {
                return false;
            }
        }

        return true;
    }

    private static bool EqualsMasked(ReadOnlySpan<byte> actual, ReadOnlySpan<byte> mask, ReadOnlySpan<byte> required)
    {
        if (actual.Length != mask.Length || actual.Length != required.Length)
        {
            return false;
        }

        for (int i = 0; i < actual.Length; i++)
        {
            if ((actual[i] & mask[i]) != required[i])
            {
                return false;
            }
        }

        return true;
    }
}
