using System.Formats.Cbor;

namespace Verathos.Attestation.Binding;

/// <summary>
/// What an appraisal needs of a node's configuration map: 1 topology, 5 simulated, and, where the node has GPUs, what the
/// measured enclave found about them: 6 confidential mode on, 7 DEVTOOLS mode on.
/// </summary>
internal sealed record ConfigurationFacts(string Topology, bool Simulated, bool? GpuConfidentialMode, bool? GpuDevTools)
{
    public static bool TryParse(ReadOnlyMemory<byte> bytes, out ConfigurationFacts? facts)
    {
        facts = null;
        try
        {
            // Strict mode refuses duplicate members.
            CborReader reader = new(bytes, CborConformanceMode.Strict);
            string? topology = null;
            bool? simulated = null, confidentialMode = null, devTools = null;
            int count = reader.ReadStartMap() ?? 0;
            for (int i = 0; i < count; i++)
            {
                switch (reader.ReadInt32())
                {
                    case 1: topology = reader.ReadTextString(); break;
                    case 5: simulated = reader.ReadBoolean(); break;
                    case 6: confidentialMode = reader.ReadBoolean(); break;
                    case 7: devTools = reader.ReadBoolean(); break;
                    default: reader.SkipValue(); break;
                }
            }

            reader.ReadEndMap();
            if (reader.BytesRemaining != 0 || topology is null || simulated is null)
            {
                return false;
            }

            facts = new ConfigurationFacts(topology, simulated.Value, confidentialMode, devTools);
            return true;
        }
        catch (Exception e) when (e is CborContentException or InvalidOperationException or OverflowException)
        {
            return false;
        }
    }
}
