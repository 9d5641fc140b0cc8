using System.Text.Json;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Secrets;
using Verathos.Protocol.Tests.Support;

namespace Verathos.Protocol.Tests.Hpke;

public class HpkeVectorTests
{
    [Fact]
    public void Every_message_and_export_of_the_peer_implementation_is_reproduced()
    {
        int count = 0;
        foreach (JsonElement vector in Standards.Read("hpke-peer.json").GetProperty("vectors").EnumerateArray())
        {
            HpkeSuite suite = Suite(vector);
            using HpkePrivateKey key = HpkePrivateKey.Import(suite.Kem, vector.Hex("skR"));
            Assert.Equal(vector.Hex("pkR"), key.PublicKey.ToArray());
            Assert.True(HpkeRecipient.TrySetup(suite, key, vector.Hex("enc"), vector.Hex("info"), out HpkeRecipient? recipient));
            using (recipient)
            {
                foreach (JsonElement message in vector.GetProperty("encryptions").EnumerateArray())
                {
                    AssertOpens(recipient, message.Hex("ciphertext"), message.Hex("aad"), message.Hex("plaintext"));
                }

                byte[] exported = new byte[vector.Int("export_length")];
                recipient.Export(vector.Hex("export_context"), exported);
                Assert.Equal(vector.Hex("exported"), exported);
            }

            AssertRoundTrip(suite, key, vector.Hex("info"));
            count++;
        }

        Assert.Equal(6, count);
    }

    [Fact]
    public void Draft_vectors_match_for_every_suite_that_is_implemented()
    {
        List<string> passed = [];
        List<string> unsupported = [];
        foreach (JsonElement vector in Standards.Read("hpke-pq-draft.json").EnumerateArray())
        {
            HpkeSuite suite = Suite(vector);
            string name = $"{(int)suite.Kem:x4}/{(int)suite.Kdf}/{(int)suite.Aead}";
            if (!suite.IsSupported)
            {
                unsupported.Add(name);
                using HpkePrivateKey other = HpkePrivateKey.Generate(HpkeKem.XWing);
                Assert.False(HpkeRecipient.TrySetup(suite, other, vector.Hex("enc"), [], out _));
                continue;
            }

            using HpkePrivateKey key = HpkePrivateKey.Import(suite.Kem, vector.Hex("skRm"));
            Assert.Equal(vector.Hex("pkRm"), key.PublicKey.ToArray());
            Assert.True(HpkeRecipient.TrySetup(suite, key, vector.Hex("enc"), vector.Hex("info"), out HpkeRecipient? recipient));
            using (recipient)
            {
                foreach (JsonElement message in vector.GetProperty("encryptions").EnumerateArray())
                {
                    AssertOpens(recipient, message.Hex("ct"), message.Hex("aad"), message.Hex("pt"));
                }

                foreach (JsonElement export in vector.GetProperty("exports").EnumerateArray())
                {
                    byte[] exported = new byte[export.Int("L")];
                    recipient.Export(export.Hex("exporter_context"), exported);
                    Assert.Equal(export.Hex("exported_value"), exported);
                }
            }

            passed.Add(name);
        }

        // ML-KEM-768 alone (0x0041), SHAKE256 (17) and TurboSHAKE256 (18) are not part of this protocol.
        Assert.Equal(["647a/1/3"], passed);
        Assert.Equal(["0041/1/1", "0020/18/3", "647a/17/3"], unsupported);
    }

    [Fact]
    public void XWing_vectors_match_in_both_directions()
    {
        int count = 0;
        foreach (JsonElement vector in Standards.Read("xwing-kem.json").EnumerateArray())
        {
            using HpkePrivateKey key = HpkePrivateKey.Import(HpkeKem.XWing, vector.Hex("seed"));
            Assert.Equal(vector.Hex("seed"), vector.Hex("sk"));
            Assert.Equal(vector.Hex("pk"), key.PublicKey.ToArray());
            Assert.True(XWing.TryEncapsulate(vector.Hex("pk"), vector.Hex("eseed"), out byte[] ciphertext, out SecretBytes? sent));
            Assert.Equal(vector.Hex("ct"), ciphertext);
            Assert.Equal(vector.Hex("ss"), sent.Span.ToArray());
            Assert.True(key.TryDecapsulate(vector.Hex("ct"), out SecretBytes? received));
            Assert.Equal(vector.Hex("ss"), received.Span.ToArray());
            count++;
        }

        Assert.Equal(3, count);
    }

    private static HpkeSuite Suite(JsonElement vector) =>
        new((HpkeKem)vector.Int("kem_id"), (HpkeKdf)vector.Int("kdf_id"), (HpkeAead)vector.Int("aead_id"));

    private static void AssertOpens(HpkeRecipient recipient, byte[] ciphertext, byte[] associatedData, byte[] plaintext)
    {
        byte[] opened = new byte[plaintext.Length];
        Assert.True(recipient.TryOpen(ciphertext, associatedData, opened));
        Assert.Equal(plaintext, opened);
    }

    private static void AssertRoundTrip(HpkeSuite suite, HpkePrivateKey key, byte[] info)
    {
        Assert.True(HpkeSender.TrySetup(suite, key.PublicKey.Span, info, out HpkeSender? sender));
        Assert.True(HpkeRecipient.TrySetup(suite, key, sender.Encapsulated.Span, info, out HpkeRecipient? recipient));
        for (int i = 0; i < 300; i++)
        {
            byte[] sealedBytes = new byte[1 + HpkeSuite.TagLength];
            sender.Seal([(byte)i], [1, 2], sealedBytes);
            AssertOpens(recipient, sealedBytes, [1, 2], [(byte)i]);
        }

        byte[] left = new byte[48];
        byte[] right = new byte[48];
        sender.Export([7], left);
        recipient.Export([7], right);
        Assert.Equal(left, right);
        sender.Dispose();
        recipient.Dispose();
    }
}
