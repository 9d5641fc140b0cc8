using System.CommandLine;
using Verathos.Attestation;
using Verathos.Attestation.Azure;
using Verathos.Attestation.Batch;
using Verathos.Attestation.Collateral;
using Verathos.Attestation.Collateral.Fetch;
using Verathos.Attestation.Dcap;
using Verathos.Attestation.Snp;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos collateral token</c>: has Microsoft Azure Attestation judge a piece of evidence, and verifies the token that comes back.</summary>
internal static class CollateralTokenCommand
{
    public static Command Create()
    {
        Argument<string> file = new("FILE") { Description = "An SGX or TDX quote, an SEV-SNP report, or the JSON of an Azure guest's agent" };
        Option<string?> endpoint = new("--endpoint") { Description = "The instance: https://NAME.REGION.attest.azure.net", Required = true };
        Option<string?> issuer = new("--issuer") { Description = "The issuer that the token must name (default: the instance)" };
        Option<string?> keys = new("--keys") { Description = "The key set to judge by, JSON; without it the instance is asked for its own" };
        Option<string?> nonce = new("--nonce") { Description = "What the token must repeat, in hexadecimal" };
        Option<string?> runtimeData = new("--runtime-data") { Description = "A file: the data whose digest the report data holds" };
        Option<string?> collateral = new("--collateral") { Description = "For an SEV-SNP report: a file or folder with the certificates of its key" };
        Option<string?> outFile = new("--out") { Description = "Where to write the token" };
        Option<string?> keysOut = new("--keys-out") { Description = "Where to write the key set, in the form that evidence verify --collateral reads" };
        Command command = new("token", "Post evidence to Microsoft Azure Attestation and verify the token that comes back")
        {
            file, endpoint, issuer, keys, nonce, runtimeData, collateral, outFile, keysOut,
        };
        CollateralArguments arguments = new();
        arguments.AddTimeoutTo(command);
        command.SetVerb(async (context, token) =>
        {
            byte[] evidence = await CollateralCommand.ReadAsync(context.Value(file)!, token).ConfigureAwait(false);
            byte[]? expected = context.Value(nonce) is { } hex ? EvidenceArguments.ParseNonce(hex) : null;
            AzureAttestationRequest request = Request(evidence, context.Value(collateral)) with
            {
                Nonce = expected is null ? (ReadOnlyMemory<byte>?)null : expected,
                RuntimeData = context.Value(runtimeData) is { } data ? await CollateralCommand.ReadAsync(data, token).ConfigureAwait(false) : (ReadOnlyMemory<byte>?)null,
            };
            AzureAttestationOptions options = new()
            {
                Endpoint = CollateralArguments.Address(context, endpoint)!,
                Issuer = context.Value(issuer),
                PinnedKeys = context.Value(keys) is { } pinned ? await CollateralCommand.ReadAsync(pinned, token).ConfigureAwait(false) : default,
            };
            AzureAttestationAnswer answer = await AskAsync(context, arguments, options, request, token).ConfigureAwait(false);
            if (context.Value(outFile) is { } tokenPath)
                await File.WriteAllBytesAsync(tokenPath, answer.Token.ToArray(), token).ConfigureAwait(false);
            if (context.Value(keysOut) is { } keysPath)
                await File.WriteAllBytesAsync(keysPath, answer.Collateral.ToArray(), token).ConfigureAwait(false);

            EvidenceSource source = new EvidenceSource.Piece(new BatchRequest
            {
                Evidence = answer.Token,
                Format = EvidenceFormat.AzureToken,
                Collateral = answer.Collateral,
                Nonce = request.Nonce,
            });
            return EvidenceReport.Verify(context, new TrustArguments(), null, source.Appraise(null, TrustAnchors.Production));
        });
        return command;
    }

    private static async Task<AzureAttestationAnswer> AskAsync(
        VerbContext context, CollateralArguments arguments, AzureAttestationOptions options, AzureAttestationRequest request, CancellationToken token)
    {
        using CollateralTransport transport = arguments.OpenTransport(context);
        try
        {
            AzureAttestationClient client = new(transport, options);
            return await CollateralDisplay.WithProgressAsync(context.Output, progress =>
            {
                progress.Report("a token of " + options.Endpoint.Host);
                return client.AttestAsync(request, token);
            }).ConfigureAwait(false);
        }
        catch (CollateralException e)
        {
            throw new CommandException(CollateralArguments.Exit(e.Failure), e.Message, e);
        }
    }

    private static AzureAttestationRequest Request(byte[] evidence, string? collateral)
    {
        switch (EvidenceFormats.Recognise(evidence))
        {
            case EvidenceFormat.Quote when DcapQuote.TryParse(evidence, out DcapQuote? quote, out _):
                return new AzureAttestationRequest { Kind = quote!.IsTdx ? AzureAttestationKind.TdxVm : AzureAttestationKind.SgxEnclave, Evidence = evidence };
            case EvidenceFormat.SnpReport:
                ReadOnlyMemory<byte> json = CollateralCommand.Given(collateral, EvidenceFormat.SnpReport);
                return SnpCollateral.TryParse(json, out SnpCollateral? parsed, out ParseError error) && parsed!.TryGetChainPem(out byte[] chain)
                    ? new AzureAttestationRequest { Kind = AzureAttestationKind.SevSnpVm, Evidence = evidence, CertificatesPem = chain }
                    : throw new CommandException(ExitCode.Usage, $"an SEV-SNP report goes with the certificate of its key: fetch it with collateral fetch, and name it with --collateral {error}".TrimEnd());
            case EvidenceFormat.Unknown when evidence.AsSpan().TrimStart(" \t\r\n"u8).StartsWith("{"u8):
                return new AzureAttestationRequest { Kind = AzureAttestationKind.AzureGuest, Evidence = evidence };
            default:
                throw new CommandException(ExitCode.Malformed, "this is none of quote, SEV-SNP report and the JSON of a guest's agent");
        }
    }
}
