using System.CommandLine;
using Verathos.Host.Cli;
using Verathos.Validator.Epochs;
using Verathos.Validator.Proofs;

namespace Verathos.Host.Commands;

/// <summary><c>verathos validator verify</c>: checks what a validator publishes, with nothing but the file.</summary>
internal static class ValidatorVerifyCommand
{
    public static Command Create()
    {
        Argument<string> file = new("file") { Description = "A reveal of an epoch's seed, or a proof of an equivocation" };
        Option<string?> commitment = new("--commitment") { Description = "What the validator printed when the epoch began, 64 hexadecimal digits" };
        Command command = new("verify", "Check a reveal of an epoch's seed (which receipts were audited, and that nobody chose), or a portable proof against a node") { file, commitment };
        command.SetVerb((context, token) => ValidatorArguments.RunAsync(async () =>
        {
            byte[] json = await File.ReadAllBytesAsync(context.Value(file)!, token).ConfigureAwait(false);
            if (OpeningProof.TryVerify(json, out OpeningProof? opening, out string? fault) || fault != OpeningProof.NoProof)
            {
                return Opening(context.Output, opening, fault);
            }

            string proof = EquivocationProof.Verify(json, out byte[] keyset);
            bool isProof = keyset.Length > 0 || proof != EquivocationProof.NoProof;
            IReadOnlyList<string> errors = isProof ? (keyset.Length > 0 ? [] : [proof]) : AuditReveal.Verify(json, context.Value(commitment));
            if (context.Json)
                context.Output.WriteJson(new { kind = isProof ? "equivocation" : "reveal", holds = errors.Count == 0, keyset = isProof ? Convert.ToHexStringLower(keyset) : null, errors });
            else if (errors.Count > 0)
                context.Output.Line(string.Join(Environment.NewLine, errors));
            else
                context.Output.Line(isProof ? $"Proved: the keyset {Convert.ToHexStringLower(keyset)} signed two histories." : "The choice of audits is the committed seed's.");
            return errors.Count == 0 ? ExitCode.Accepted : ExitCode.Rejected;
        }));
        return command;
    }

    private static ExitCode Opening(Output output, OpeningProof? proof, string? fault)
    {
        if (output.Json)
            output.WriteJson(new { kind = OpeningProof.KindName, holds = proof is not null, check = proof?.Check, errors = fault is null ? Array.Empty<string>() : [fault] });
        else
            output.Line(fault ?? $"The node signed this opening for this receipt; it failed {proof!.Check} at the validator that kept it. Keys or weights of the model judge it again.");
        return proof is not null ? ExitCode.Accepted : ExitCode.Rejected;
    }
}
