using Verathos.Attestation.Collateral;
using Verathos.Attestation.Verdicts;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Tdx;

/// <summary>
/// The TCB status of a TDX platform by Intel's algorithm (Intel PCS API v4, "Get TDX TCB Info", evaluation algorithm; Quote
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

    /// <summary>Evaluates one quote against its collateral. Signatures and dates are judged elsewhere.</summary>
    public static TcbEvaluation Evaluate(TdReport body, EnclaveReport qeReport, PckExtensions pck, TcbInfo tcbInfo, QeIdentity qeIdentity)
    {
        ArgumentNullException.ThrowIfNull(pck);
        ArgumentNullException.ThrowIfNull(tcbInfo);
        ArgumentNullException.ThrowIfNull(qeIdentity);
        SortedSet<string> advisories = new(StringComparer.Ordinal);

        string? qeProblem = CheckQe(qeReport, qeIdentity);
        IsvSvnLevel? qeLevel = FirstLevel(qeIdentity.TcbLevels, qeReport.IsvSvn);
        string? moduleProblem = CheckModule(body, tcbInfo, out IsvSvnLevel? moduleLevel, out bool hasModuleLevels);
        TcbLevel? level = FirstLevel(body, pck, tcbInfo);
        advisories.UnionWith(level?.AdvisoryIds ?? []);
        advisories.UnionWith(moduleLevel?.AdvisoryIds ?? []);
        advisories.UnionWith(qeLevel?.AdvisoryIds ?? []);

        TcbStatus status = TcbStatus.NoMatch;
        if (level is not null && qeLevel is not null && (!hasModuleLevels || moduleLevel is not null))
        {
            status = level.Status;
            if (moduleLevel is not null)
            {
                status = Merge(status, moduleLevel.Status);
            }

            status = Merge(status, qeLevel.Status);
        }

        return new TcbEvaluation
        {
            Status = status,
            Platform = level?.Status,
            TcbDate = level?.TcbDate,
            Module = hasModuleLevels ? moduleLevel?.Status ?? TcbStatus.NoMatch : null,
            QuotingEnclave = qeLevel?.Status,
            ModuleProblem = moduleProblem,
            QeProblem = qeProblem,
            Advisories = [.. advisories],
        };
    }

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

    private static string? CheckQe(EnclaveReport report, QeIdentity identity)
    {
        if (identity.Id != "TD_QE")
        {
            return $"the identity is that of {identity.Id}, not TD_QE";
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

    private static string? CheckModule(TdReport body, TcbInfo tcbInfo, out IsvSvnLevel? level, out bool hasLevels)
    {
        level = null;
        byte svn = body.TeeTcbSvn.Span[0];
        byte major = body.TeeTcbSvn.Span[1];
        hasLevels = major > 0;
        TdxModuleIdentity? module = tcbInfo.TdxModule;
        if (hasLevels)
        {
            string id = $"TDX_{major:X2}";
            module = tcbInfo.TdxModuleIdentities.FirstOrDefault(item => string.Equals(item.Id, id, StringComparison.OrdinalIgnoreCase));
            if (module is null)
            {
                return $"the TCB info has no module {id}";
            }

            level = FirstLevel(module.TcbLevels, svn);
        }

        if (module is null)
        {
            return "the TCB info is not for TDX";
        }

        if (!body.MrSignerSeam.Span.SequenceEqual(module.MrSigner.Span))
        {
            return "MRSIGNERSEAM differs";
        }

        return EqualsMasked(body.SeamAttributes.Span, module.AttributesMask.Span, module.Attributes.Span) ? null : "SEAMATTRIBUTES differ";
    }

    private static TcbLevel? FirstLevel(TdReport body, PckExtensions pck, TcbInfo tcbInfo)
    {
        if (tcbInfo.Id != "TDX")
        {
            return null;
        }

        // The module's own two SVNs are judged by its identity where there is one.
        int firstTdx = body.TeeTcbSvn.Span[1] > 0 ? 2 : 0;
        foreach (TcbLevel level in tcbInfo.TcbLevels)
        {
            if (AtLeast(pck.ComponentSvns.Span, level.SgxComponents.Span, 0) && pck.PceSvn >= level.PceSvn
                && AtLeast(body.TeeTcbSvn.Span, level.TdxComponents.Span, firstTdx))
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
