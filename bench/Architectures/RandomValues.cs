namespace Verathos.Bench.Architectures;

/// <summary>Random numbers that follow from a seed and a name, the same on every machine: SplitMix64 (Steele, Lea and Flood, 2014).</summary>
internal sealed class RandomValues(int seed, string name)
{
    private ulong _state = name.Aggregate(Mix((ulong)(uint)seed), static (state, character) => Mix(state ^ character));

    /// <summary>Uniform in all 64 bits.</summary>
    public ulong Next() => Mix(_state += 0x9e3779b97f4a7c15);

    /// <summary>Uniform in [-1, 1), in steps of 2^-23.</summary>
    public float Uniform() => ((Next() >> 40) / (float)(1 << 23)) - 1;

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
}
