using System.Security.Cryptography;
using System.Security.Cryptography.Cose;
using Verathos.Client;
using Verathos.Client.Receipts;
using Verathos.Client.Streams;
using Verathos.Client.Trust;
using Verathos.Host.Drills;
using Verathos.Host.Drills.Nodes;
using Verathos.Protocol.Receipts;

namespace Verathos.Drills.Tests.Removal;

/// <summary>
/// Attacks on the form of a receipt's signature. Such a check stops those after it, so it is left out of a copy of the step: another
/// implementation of COSE, which has no such check, verifies the receipt, and everything else that is checked of a receipt holds.
/// </summary>
internal static class SignatureRemoval
{
    public static async Task<DrillOutcome> TryAsync(DrillGround ground, Drill drill, CancellationToken cancellationToken)
    {
        RoguePlan plan = drill.Plan!(ground);
        RogueNode rogue = await ground.RogueAsync(new RoguePlan(), cancellationToken);
        Answer answer;
        using (VerathosClient client = await VerathosClient.ConnectAsync(rogue.Address, ShippedClient.Options(ground.Call(rogue.Address)), cancellationToken))
        {
            answer = await client.CompleteAsync(ground.Request, cancellationToken);
        }

        byte[] attack = plan.Signed(rogue.CurrentKeys, answer.Receipt, answer.ReceiptBytes)!;
        SignedStatement node = answer.Node.Statement;
        Assert.Equal(drill.Expected, Check(node, attack, answer.Transcript).Reason);

        // Bytes after the message are the reader's to drop; the key is checked unless it is what is taken away.
        CoseSign1Message message = CoseMessage.DecodeSign1(drill.Expected == ReceiptCheckNames.Format ? attack[..^1] : attack);
        if (drill.Expected != ReceiptCheckNames.Key)
            Assert.True(message.VerifyEmbedded(node.SigningKey));

        using ECDsa verified = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] read = CoseSign1.Sign(verified, ReceiptTypes.Receipt, message.Content!.Value.Span, out _);
        ReceiptVerdict verdict = Check(node with { SigningKey = verified }, read, answer.Transcript);
        return verdict.Valid ? DrillOutcome.Through("taken as verified") with { Text = answer.Text } : new DrillOutcome(verdict.Reason, "client", verdict.FirstFailure!.Value.Detail);
    }

    private static ReceiptVerdict Check(SignedStatement node, byte[] cose, Transcript transcript) =>
        new ReceiptChecker(node, null, null, TraceRequirement.Served).CheckReceipt(cose, transcript, out _, out _);
}
