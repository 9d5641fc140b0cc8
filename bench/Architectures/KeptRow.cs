namespace Verathos.Bench.Architectures;

/// <summary>How far a profile is from llama.cpp's kept answers to one case. Differences are of natural logarithms of probabilities.</summary>
/// <param name="Name">The case.</param>
/// <param name="Difference">The greatest difference from llama.cpp, over all ids of the first and the last compared position.</param>
/// <param name="Tolerance">The most that it may be in a profile of binary32.</param>
/// <param name="FromF32">The greatest difference from the profile f32 on this machine's processor, over all ids and positions.</param>
/// <param name="Greedy">Positions at which the profile chooses llama.cpp's id.</param>
/// <param name="Positions">Positions compared.</param>
public sealed record KeptRow(string Name, double Difference, double Tolerance, double FromF32, int Greedy, int Positions);
