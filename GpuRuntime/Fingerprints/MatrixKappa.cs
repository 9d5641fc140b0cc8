namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>What rounding leaves of one matrix's products.</summary>
/// <param name="Matrix">Its name in a layer, or "output".</param>
/// <param name="Products">Products measured.</param>
/// <param name="Mean">The mean of their kappas.</param>
/// <param name="Greatest">The greatest of them.</param>
/// <param name="Limit">The residual that is accepted.</param>
/// <param name="Tail">The bound of the chance that an honest product of the greatest kappa is above it.</param>
public sealed record MatrixKappa(string Matrix, long Products, double Mean, double Greatest, double Limit, double Tail);
