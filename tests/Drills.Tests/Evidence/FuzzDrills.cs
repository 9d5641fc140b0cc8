using CsCheck;
using Verathos.Attestation;
using Verathos.Attestation.Verdicts;

namespace Verathos.Drills.Tests.Evidence;

/// <summary>Damaged evidence gives a verdict, never an exception, and never an acceptance where the damage is covered.</summary>
public sealed class FuzzDrills(DrillNode node) : IClassFixture<DrillNode>
{
    private static readonly int Rounds =
        int.TryParse(Environment.GetEnvironmentVariable("VERATHOS_FUZZ_ROUNDS"), out int rounds) ? rounds : 100;

    private enum Damage
    {
        Overwrite,
        Flip,
        Remove,
        Insert,
        Truncate,
        Repeat,
    }

    private static readonly Gen<(Damage Kind, double At, int Length, byte[] Bytes)[]> Damages =
        Gen.Select(Gen.Enum<Damage>(), Gen.Double[0, 1], Gen.Int[1, 40], Gen.Byte.Array[40]).Array[1, 4];

    [Fact]
    public void Quotes() => Fuzz(e => e.CpuEvidence, (e, bytes) => e with { CpuEvidence = bytes });

    [Fact]
    public void Gpu_reports() => Fuzz(e => e.Gpus[0].Report, (e, bytes) => e with { Gpus = [e.Gpus[0] with { Report = bytes }] });

    [Fact]
    public void Gpu_chains() =>
        Fuzz(e => e.Gpus[0].CertificateChain, (e, bytes) => e with { Gpus = [e.Gpus[0] with { CertificateChain = bytes }] });

    [Fact]
    public void Keysets() => Fuzz(e => e.KeysetBytes, (e, bytes) => e with { KeysetBytes = bytes });

    [Fact]
    public void Configurations() => Fuzz(e => e.ConfigurationBytes, (e, bytes) => e with { ConfigurationBytes = bytes });

    // White space in these documents is nobody's business, so an acceptance proves nothing; an exception does.
    [Fact]
    public void Collateral() => Fuzz(e => e.CpuCollateral!.Value, (e, bytes) => e with { CpuCollateral = bytes }, mayPass: true);

    [Fact]
    public void Manifests() => Fuzz(e => e.GpuRims[0], (e, bytes) => e with { GpuRims = [bytes, e.GpuRims[1]] }, mayPass: true);

    private void Fuzz(
        Func<NodeEvidence, ReadOnlyMemory<byte>> part, Func<NodeEvidence, byte[], NodeEvidence> with, bool mayPass = false)
    {
        NodeEvidence honest = node.Show(DrillNode.FreshNonce());
        byte[] original = part(honest).ToArray();
        Damages.Sample(
            damages =>
            {
                byte[] changed = Apply(original, damages);
                Verdict verdict = node.Appraise(with(honest, changed));
                return !verdict.IsAccepted || mayPass || IsSame(original, changed);
            },
            iter: Rounds,
            threads: 1);
    }

    // Two damages may undo each other; zero bytes after a quote are padding, which clouds add; and white space around
    // the lines of its PEM means nothing.
    private static bool IsSame(byte[] original, byte[] changed)
    {
        if (changed.AsSpan().SequenceEqual(original))
        {
            return true;
        }

        int pem = original.AsSpan().IndexOf("-----BEGIN"u8);
        return pem >= 0 && changed.Length >= pem && changed.AsSpan(0, pem).SequenceEqual(original.AsSpan(0, pem))
            && Significant(changed[pem..]).SequenceEqual(Significant(original[pem..]));
    }

    private static IEnumerable<byte> Significant(byte[] pem) => pem.Where(b => b is not (0 or 9 or 10 or 13 or 32));

    private static byte[] Apply(byte[] original, (Damage Kind, double At, int Length, byte[] Bytes)[] damages)
    {
        var bytes = new List<byte>(original);
        foreach ((Damage kind, double position, int wanted, byte[] values) in damages)
        {
            if (bytes.Count == 0)
            {
                break;
            }

            int at = Math.Min((int)(position * bytes.Count), bytes.Count - 1);
            int length = Math.Min(wanted, bytes.Count - at);
            switch (kind)
            {
                case Damage.Overwrite:
                    values.AsSpan(0, length).CopyTo(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes)[at..]);
                    break;
                case Damage.Flip:
                    bytes[at] ^= (byte)(1 << (wanted % 8));
                    break;
                case Damage.Remove:
                    bytes.RemoveRange(at, length);
                    break;
                case Damage.Insert:
                    bytes.InsertRange(at, values[..length]);
                    break;
                case Damage.Truncate:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
            }
        }

        return [.. bytes];
    }
}
