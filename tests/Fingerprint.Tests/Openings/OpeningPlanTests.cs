using System.Security.Cryptography;
using Verathos.Fingerprint.Openings;
using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Tests.Openings;

public sealed class OpeningPlanTests
{
    private static readonly TraceShape s_shape = new(5, 8, 1, 8, 10);
    private static readonly byte[] s_secret = SHA256.HashData("secret"u8);
    private static readonly byte[] s_receipt = SHA256.HashData("receipt"u8);

    [Fact]
    public void A_plan_is_a_function_of_secret_receipt_and_number()
    {
        OpeningPlan plan = Plan(s_secret, s_receipt, 0);
        Assert.Equal(plan, Plan(s_secret, s_receipt, 0));
        Assert.NotEqual(plan, Plan(s_receipt, s_receipt, 0));
        Assert.NotEqual(plan, Plan(s_secret, s_secret, 0));
        Assert.NotEqual(plan, Plan(s_secret, s_receipt, 1));
    }

    /// <summary>The definition written out: another implementation draws the same.</summary>
    [Fact]
    public void A_plan_follows_its_description()
    {
        byte[] block = HMACSHA256.HashData(s_secret, (byte[])[.. "verathos.opening.v1"u8, .. s_receipt, 0, 0, 0, 3, 0, 0, 0, 0]);
        ulong Number(int i) => System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(block.AsSpan(8 * i));
        OpeningPlan plan = Plan(s_secret, s_receipt, 3);
        Assert.Equal((long)(Number(0) % 1000), plan.Step);
        Assert.Equal((int)(Number(1) % 5), plan.Layer);
        Assert.Equal((int)(Number(2) % 6), plan.Head);
        Assert.Equal((long)(Number(3) % (ulong)(plan.Step + 1)), plan.LinkStep);
    }

    [Fact]
    public void Every_step_layer_and_head_is_as_likely_and_logits_are_those_of_drawn_tokens()
    {
        int[] steps = new int[40], layers = new int[5], heads = new int[6];
        for (int number = 0; number < 8000; number++)
        {
            OpeningPlan plan = OpeningPlan.Derive(s_secret, s_receipt, number, s_shape, 6, 30, 40);
            steps[plan.Step]++;
            layers[plan.Layer]++;
            heads[plan.Head]++;
            Assert.InRange(plan.LinkStep, 0, plan.Step);
            Assert.InRange(plan.LogitsStep, 29, 39);
            Assert.True(plan.Step < 29 || plan.LogitsStep == plan.Step);
        }

        // Six standard deviations about 200, 1,600 and 1,333.
        Assert.All(steps, count => Assert.InRange(count, 115, 285));
        Assert.All(layers, count => Assert.InRange(count, 1385, 1815));
        Assert.All(heads, count => Assert.InRange(count, 1133, 1533));
    }

    [Fact]
    public void A_secret_is_the_one_committed_to_or_none()
    {
        byte[] commitment = AuditSecret.Commit(s_secret);
        Assert.Equal(SHA256.HashData(s_secret), commitment);
        Assert.True(AuditSecret.IsCommitted(s_secret, commitment));
        Assert.False(AuditSecret.IsCommitted(s_receipt, commitment));
        Assert.False(AuditSecret.IsCommitted(s_secret.AsSpan(1), commitment));
        Assert.False(AuditSecret.IsCommitted(s_secret, commitment.AsSpan(1)));
        Assert.Throws<ArgumentException>(() => AuditSecret.Commit(new byte[31]));
        Assert.Throws<ArgumentException>(() => Plan(new byte[31], s_receipt, 0));
    }

    private static OpeningPlan Plan(byte[] secret, byte[] receipt, int number) => OpeningPlan.Derive(secret, receipt, number, s_shape, 6, 10, 1000);
}
