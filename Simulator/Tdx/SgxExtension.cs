using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Verathos.Simulator.Tdx;

/// <summary>The SGX extension of a PCK certificate (PCK certificate profile 1.5, section 1.3.5).</summary>
internal static class SgxExtension
{
    private const string Oid = "1.2.840.113741.1.13.1";

    public static X509Extension Encode(PckSpec spec, byte[] defaultPpid, byte[] defaultPlatformInstanceId)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            Item(writer, "1", value => value.WriteOctetString(spec.Ppid ?? defaultPpid));
            Group(writer, "2", () =>
            {
                for (int component = 0; component < spec.TcbComponents.Length; component++)
                {
                    int svn = spec.TcbComponents[component];
                    Item(writer, $"2.{component + 1}", value => value.WriteInteger(svn));
                }

                Item(writer, "2.17", value => value.WriteInteger(spec.PceSvn));
                Item(writer, "2.18", value => value.WriteOctetString(spec.CpuSvn ?? spec.TcbComponents));
            });
            Item(writer, "3", value => value.WriteOctetString(spec.PceId));
            Item(writer, "4", value => value.WriteOctetString(spec.Fmspc));
            Item(writer, "5", value => value.WriteEnumeratedValue((SgxTypeValue)spec.SgxType));
            if (spec.Ca == PckCa.Platform)
            {
                Item(writer, "6", value => value.WriteOctetString(spec.PlatformInstanceId ?? defaultPlatformInstanceId));
                Group(writer, "7", () =>
                {
                    Item(writer, "7.1", value => value.WriteBoolean(spec.DynamicPlatform));
                    Item(writer, "7.2", value => value.WriteBoolean(spec.CachedKeys));
                    Item(writer, "7.3", value => value.WriteBoolean(spec.SmtEnabled));
                });
            }
        }

        return new X509Extension(Oid, writer.Encode(), critical: false);
    }

    private enum SgxTypeValue
    {
        Standard = 0,
        Scalable = 1,
        ScalableWithIntegrity = 2,
    }

    private static void Item(AsnWriter writer, string suffix, Action<AsnWriter> value)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier($"{Oid}.{suffix}");
            value(writer);
        }
    }

    private static void Group(AsnWriter writer, string suffix, Action items)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier($"{Oid}.{suffix}");
            using (writer.PushSequence())
            {
                items();
            }
        }
    }
}
