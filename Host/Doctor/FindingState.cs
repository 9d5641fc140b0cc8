namespace Verathos.Host.Doctor;

/// <summary>Whether the machine has what the doctor looked for.</summary>
public enum FindingState
{
    /// <summary>It is not there.</summary>
    Missing,

    /// <summary>It is there, but not as a node needs it.</summary>
    Problem,

    /// <summary>It is there.</summary>
    Present,
}
