using System.Runtime.InteropServices;
using Verathos.Attestation.Binding;

namespace Verathos.Enclave.Keys;

/// <summary>
/// The bindings that quotes were made over for one keyset. A request names the one that its client verified; where that one
/// is too old to be remembered, the client is asked to attest again, which costs time and no safety.
/// </summary>
internal sealed class BindingRecord(int capacity)
{
    private readonly HashSet<Binding48> _known = [];
    private readonly Queue<Binding48> _order = new();
    private readonly Lock _lock = new();

    /// <summary>Remembers a 48-byte binding.</summary>
    public void Add(ReadOnlySpan<byte> binding)
    {
        Binding48 value = Read(binding);
        lock (_lock)
        {
            if (!_known.Add(value))
            {
                return;
            }

            _order.Enqueue(value);
            if (_order.Count > capacity)
            {
                _known.Remove(_order.Dequeue());
            }
        }
    }

    /// <summary>Whether a quote was made over this binding and this keyset.</summary>
    public bool Contains(ReadOnlySpan<byte> binding)
    {
        Binding48 value = Read(binding);
        lock (_lock)
        {
            return _known.Contains(value);
        }
    }

    private static Binding48 Read(ReadOnlySpan<byte> binding)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(binding.Length, BindingInput.Length);
        return MemoryMarshal.Read<Binding48>(binding);
    }

    private readonly record struct Binding48(ulong A, ulong B, ulong C, ulong D, ulong E, ulong F);
}
