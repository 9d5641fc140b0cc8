namespace Verathos.Validator.Training;

/// <summary>What was computed again.</summary>
/// <param name="Seed">The seed by which the step was drawn; null where it was named.</param>
/// <param name="Asked">The step that was named; null where it was drawn.</param>
/// <param name="Step">The step that was compared, from 0: not the one that was named where only gradients are, since those are kept with some states alone.</param>
/// <param name="FromStep">The step before which the state lies from which it was reached.</param>
/// <param name="Compared">Steps that were computed and compared.</param>
/// <param name="BitEqual">True if bits were compared; false if the gradient was, within a tolerance.</param>
/// <param name="Profile">The numeric profile of this machine.</param>
/// <param name="Distance">The greatest relative distance of a gradient; null where bits were compared.</param>
/// <param name="Tolerance">What it may be; null where bits were compared.</param>
public sealed record ReplayReport(ulong? Seed, int? Asked, int Step, int FromStep, int Compared, bool BitEqual, string Profile, double? Distance, double? Tolerance);
