namespace Verathos.Simulator.Nvidia;

/// <summary>Whose measurements a reference integrity manifest holds.</summary>
public enum RimKind
{
    /// <summary>The driver's: RIM indices 7 and 21 to 40.</summary>
    Driver,

    /// <summary>The VBIOS's: RIM indices 0 to 6 and 8 to 12.</summary>
    Vbios,
}
