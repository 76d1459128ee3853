using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Checkpoints.Partial;

/// <summary>Bytes of full and partial checkpoints (MoC, Eq. 5 and 6, by slot), counted without headers, manifest and step counts.</summary>
public static class PecSize
{
    /// <summary>
    /// Bytes a parameter takes in the slots of <paramref name="slots"/>: bf16 runs 2 (weights) + 4 (master) + 4 (m) + 4 (v); fp32 runs have no
    /// weights beside the master.
    /// </summary>
    public static int BytesPerParameter(PecSlots slots, Precision precision) =>
        (slots.HasFlag(PecSlots.Weights) && precision == Precision.BFloat16 ? 2 : 0)
        + (slots.HasFlag(PecSlots.Master) ? 4 : 0) + (slots.HasFlag(PecSlots.First) ? 4 : 0) + (slots.HasFlag(PecSlots.Second) ? 4 : 0);

    /// <summary>Bytes of a full checkpoint, C_full = (P_ne + P_e)(B_w + B_o), Eq. 5.</summary>
    public static double FullBytes(double denseParameters, double expertParameters, Precision precision) =>
        (denseParameters + expertParameters) * BytesPerParameter(PecSlots.All, precision);

    /// <summary>
    /// Bytes of a checkpoint that saves <paramref name="k"/> of <paramref name="n"/> experts of every MoE layer whole and of the others what
    /// <paramref name="mask"/> leaves: C_full − (1 − K/N)·P_e·B_pruned. With <see cref="PecMask.Eq6"/> it is Eq. 6. The parameters are those of the dense part (P_ne)
    /// and of all experts together (P_e).
    /// </summary>
    public static double Bytes(this PecMask mask, double denseParameters, double expertParameters, int k, int n, Precision precision)
    {
        ArgumentNullException.ThrowIfNull(mask);
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, n);
        double pruned = (n - k) * expertParameters / n * BytesPerParameter(mask.Pruned, precision);
        return FullBytes(denseParameters, expertParameters, precision) - pruned;
    }

    /// <summary><see cref="Bytes"/> as a share of <see cref="FullBytes"/>, 0 … 1.</summary>
    public static double BytesFraction(this PecMask mask, double denseParameters, double expertParameters, int k, int n, Precision precision) =>
        Bytes(mask, denseParameters, expertParameters, k, n, precision) / FullBytes(denseParameters, expertParameters, precision);
}
