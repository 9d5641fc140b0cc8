namespace Verathos.Training.Compression;

/// <summary>The elements of the greatest magnitude; of equal ones the first.</summary>
internal static class TopMagnitudes
{
    /// <summary>Finds them.</summary>
    /// <param name="values">Finite.</param>
    /// <param name="keys">Room for as many as there are values.</param>
    /// <param name="places">Filled with the places of the greatest, ascending; its length says how many.</param>
    public static void Find(ReadOnlySpan<float> values, Span<ulong> keys, Span<int> places)
    {
        // Keys ascend as magnitudes descend, and no two are equal.
        for (int i = 0; i < values.Length; i++)
        {
            uint magnitude = BitConverter.SingleToUInt32Bits(values[i]) & 0x7fffffff;
            keys[i] = ((ulong)(0x7fffffff - magnitude) << 32) | (uint)i;
        }

        Select(keys[..values.Length], places.Length);
        for (int i = 0; i < places.Length; i++)
        {
            places[i] = (int)(uint)keys[i];
        }

        places.Sort();
    }

    // Moves the smallest keys to the front, in any order.
    private static void Select(Span<ulong> keys, int count)
    {
        (int low, int high) = (0, keys.Length - 1);
        while (low < high)
        {
            ulong pivot = MiddleOf(keys[low], keys[(low + high) / 2], keys[high]);
            (int i, int j) = (low, high);
            while (i <= j)
            {
                while (keys[i] < pivot)
                {
                    i++;
                }

                while (keys[j] > pivot)
                {
                    j--;
                }

                if (i <= j)
                {
                    (keys[i], keys[j]) = (keys[j], keys[i]);
                    i++;
                    j--;
                }
            }

            if (count - 1 <= j)
            {
                high = j;
            }
            else if (count - 1 >= i)
            {
                low = i;
            }
            else
            {
                return;
            }
        }
    }

    private static ulong MiddleOf(ulong a, ulong b, ulong c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
}
