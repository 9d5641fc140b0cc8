namespace Verathos.Client.Requests;

/// <summary>The sampling parameters exactly as they are sent, in the fixed-point units in which the receipt must repeat them.</summary>
/// <param name="TemperatureMicro">Temperature in millionths; 0 is greedy.</param>
/// <param name="TopPMicro">Nucleus mass in millionths, 1 to 1,000,000.</param>
/// <param name="TopK">How many candidates are kept; 0 keeps all.</param>
/// <param name="Seed">The client's seed; a negative one is taken in two's complement.</param>
/// <param name="MaxTokens">The most tokens that the node may generate; null leaves it to the node's limit.</param>
public sealed record RequestedParameters(uint TemperatureMicro, uint TopPMicro, int TopK, ulong Seed, int? MaxTokens);
