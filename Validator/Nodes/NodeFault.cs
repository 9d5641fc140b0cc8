using System.Net.Http;
using System.Net.Sockets;
using Verathos.Attestation.Verdicts;
using Verathos.Client;
using Verathos.Validator.Audits;
using Verathos.Validator.State;

namespace Verathos.Validator.Nodes;

/// <summary>
/// Whose fault a failed call is. What a node signed and does not hold, or sent malformed inside the sealed path, catches it; what it left
/// undone costs its availability; what this machine's network or this program did is never the node's.
/// </summary>
public static class NodeFault
{
    /// <summary>The client's check of the commitments in an answer's events, which only the enclave's keys can have sealed.</summary>
    public const string TraceCheck = "stream.trace";

    // Checks of evidence that no late collateral, clock, level or rule of the policy explains: a forgery, or bytes that are no evidence.
    private static readonly HashSet<string> s_forgeries = new(StringComparer.Ordinal)
    {
        CheckNames.EvidenceFormat, CheckNames.QuoteFormat, CheckNames.QuoteChain, CheckNames.QuoteQeReportSignature, CheckNames.QuoteQeReportData, CheckNames.QuoteSignature,
        CheckNames.TdxEventLog, CheckNames.SnpFormat, CheckNames.SnpChain, CheckNames.SnpKeyKind, CheckNames.SnpSignature, CheckNames.SnpHardwareId, CheckNames.TokenFormat, CheckNames.TokenSignature,
        CheckNames.TokenNonce, CheckNames.HclFormat, CheckNames.HclRuntimeData, CheckNames.HclAttestationKey, CheckNames.HclHardware, CheckNames.TpmFormat, CheckNames.TpmSignature,
        CheckNames.TpmNonce, CheckNames.GpuFormat, CheckNames.GpuChain, CheckNames.GpuSignature, CheckNames.GpuFirmwareId, CheckNames.GpuOneNonce, CheckNames.NonceInclusion,
        CheckNames.ConfigurationFormat, CheckNames.BindingReportData, CheckNames.GpuNonce, CheckNames.GpuDistinct,
    };

    // Errors of sockets that arise on this side.
    private static readonly HashSet<SocketError> s_ownErrors =
    [
        SocketError.NetworkDown, SocketError.NetworkUnreachable, SocketError.TryAgain, SocketError.NoRecovery, SocketError.SystemNotReady, SocketError.TooManyOpenSockets,
        SocketError.NoBufferSpaceAvailable, SocketError.AddressNotAvailable, SocketError.AccessDenied, SocketError.ProcessLimit,
    ];

    /// <summary>How a call ended that threw.</summary>
    /// <param name="failure">What was thrown.</param>
    /// <param name="canary">The canary, where one was sent.</param>
    /// <param name="saveProof">Saves both receipts of an equivocation and gives the file's name.</param>
    public static WorkEnd Of(Exception failure, byte[]? canary, Func<VerathosException, string?> saveProof)
    {
        ArgumentNullException.ThrowIfNull(failure);
        ArgumentNullException.ThrowIfNull(saveProof);
        if (failure is not VerathosException e)
        {
            // The client reads all that a node sends by name of what is wrong with it. Where some reader threw instead, who wrote the bytes is not
            // known, so that nobody is caught, and the node has not served.
            return NodeBytes.IsOfReading(failure)
                ? new WorkEnd(WorkResult.Unavailable, "node.malformed", $"what the node sent made its reader fail: {failure.GetType().Name}")
                : new WorkEnd(WorkResult.ValidatorError, "validator.exception", $"this validator failed: {failure.GetType().Name}");
        }

        string check = e.Check ?? $"node.{System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(e.Failure.ToString())}";
        return e.Failure switch
        {
            ClientFailure.Unreachable when IsOwn(e) => new WorkEnd(WorkResult.ValidatorError, "validator.network", "this validator's own network failed"),
            ClientFailure.InvalidRequest => new WorkEnd(WorkResult.ValidatorError, "validator.request", "this validator made a request that is not well formed"),
            ClientFailure.EvidenceMalformed => AuditVerdict.Caught(check, "the evidence does not parse", canary),
            ClientFailure.EvidenceRejected when s_forgeries.Contains(check) => AuditVerdict.Caught(check, $"the evidence fails the check {check}", canary),
            ClientFailure.ReceiptInvalid when check is not ("receipt.times" or "acceptance.times") => AuditVerdict.Caught(check, $"a signed statement fails the check {check}", canary),
            ClientFailure.StreamBroken when check == TraceCheck => AuditVerdict.Caught(check, "a sealed event of the answer carries no commitment, or one that is none", canary),
            ClientFailure.Equivocation => AuditVerdict.Caught(check, "two receipts carry one counter", canary, saveProof(e)),
            _ => new WorkEnd(WorkResult.Unavailable, check, $"the node did not serve: {e.Failure}"),
        };
    }

    /// <summary>Whether a connection failed on this side: by the error of the socket, never by words.</summary>
    private static bool IsOwn(VerathosException failure)
    {
        for (Exception? cause = failure.InnerException; cause is not null; cause = cause.InnerException)
        {
            if (cause is SocketException socket)
            {
                return s_ownErrors.Contains(socket.SocketErrorCode);
            }

            if (cause is HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError or HttpRequestError.UserAuthenticationError })
            {
                return true;
            }
        }

        return false;
    }
}
