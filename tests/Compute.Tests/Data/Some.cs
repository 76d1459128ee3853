using CsCheck;

namespace MoeActors.Compute.Tests.Data;

/// <summary>Generators of one out of a few given values.</summary>
internal static class Some
{
    public static Gen<T> Of<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
