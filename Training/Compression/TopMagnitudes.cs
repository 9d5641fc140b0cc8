namespace Verathos.Training.Compression;

/// <summary>The elements of the greatest magnitude; of equal ones the first.</summary>
internal static class TopMagnitudes
{
    // Sign aside, a binary32's eight bits of exponent and first two of fraction.
    private const int BucketShift = 21;
    private const int Buckets = 1 << (31 - BucketShift);

    /// <summary>Finds them.</summary>
    /// <param name="values">Finite.</param>
    /// <param name="keys">Room for as many as there are values.</param>
    /// <param name="places">Filled with the places of the greatest, ascending; its length says how many.</param>
    public static void Find(ReadOnlySpan<float> values, Span<ulong> keys, Span<int> places)
    {
        // The bucket, by exponent and first bits, in which the last kept one lies: only what is there or above needs to be looked at.
        Span<int> buckets = stackalloc int[Buckets];
        buckets.Clear();
        foreach (float value in values)
        {
            buckets[BucketOf(value)]++;
        }

        int bucket = Buckets;
        for (int above = 0; above < places.Length;)
        {
            above += buckets[--bucket];
        }

        // Keys ascend as magnitudes descend, and no two are equal.
        int count = 0;
        for (int i = 0; i < values.Length; i++)
        {
            if (BucketOf(values[i]) >= bucket)
            {
                uint magnitude = BitConverter.SingleToUInt32Bits(values[i]) & 0x7fffffff;
                keys[count++] = ((ulong)(0x7fffffff - magnitude) << 32) | (uint)i;
            }
        }

        Select(keys[..count], places.Length);
        for (int i = 0; i < places.Length; i++)
        {
            places[i] = (int)(uint)keys[i];
        }

        places.Sort();
    }

    private static int BucketOf(float value) => (int)((BitConverter.SingleToUInt32Bits(value) & 0x7fffffff) >> BucketShift);

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
