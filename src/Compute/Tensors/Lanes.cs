using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MoeActors.Compute.Tensors;

/// <summary>
/// How 16 elements of a storage type become 16 fp32 lanes and back. All kernels think in 16 lanes: on narrower hardware the
/// runtime splits them, and since every lane takes the same operations the bits are the same on any vector width (DT-1).
/// </summary>
/// <typeparam name="T">Storage type.</typeparam>
internal unsafe interface ILanes<T>
    where T : unmanaged
{
    static abstract Vector512<float> Load(T* source);

    static abstract void Store(T* target, Vector512<float> value);
}

/// <summary>fp32 as it is.</summary>
internal readonly unsafe struct Float32Lanes : ILanes<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* target, Vector512<float> value) => value.Store(target);
}

/// <summary>bf16: the upper half of an fp32; stored rounded to nearest even, NaN kept NaN.</summary>
internal readonly unsafe struct BFloat16Lanes : ILanes<ushort>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(ushort* source)
    {
        Vector256<ushort> packed = Vector256.Load(source);
        Vector512<uint> wide = Avx512F.IsSupported
            ? Avx512F.ConvertToVector512UInt32(packed)
            : Vector512.Create(Vector256.WidenLower(packed), Vector256.WidenUpper(packed));
        return (wide << 16).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ushort* target, Vector512<float> value)
    {
        Vector512<uint> bits = value.AsUInt32();
        Vector512<uint> rounded = (bits + Vector512.Create(0x7fffu) + ((bits >> 16) & Vector512<uint>.One)) >> 16;
        Vector512<uint> ordered = Vector512.Equals(value, value).AsUInt32();
        Vector512<uint> result = Vector512.ConditionalSelect(ordered, rounded, Vector512.Create(0x7fc0u));
        Vector256<ushort> packed = Avx512F.IsSupported
            ? Avx512F.ConvertToVector256UInt16(result)
            : Vector256.Narrow(result.GetLower(), result.GetUpper());
        packed.Store(target);
    }
}

/// <summary>The last few elements of a row, padded with zeros to 16 lanes.</summary>
internal static unsafe class PartialLanes
{
    public static Vector512<float> Load<T, TLanes>(T* source, int count)
        where T : unmanaged
        where TLanes : ILanes<T>
    {
        T* padded = stackalloc T[16];
        new Span<T>(padded, 16).Clear();
        new ReadOnlySpan<T>(source, count).CopyTo(new Span<T>(padded, 16));
        return TLanes.Load(padded);
    }

    public static void Store<T, TLanes>(T* target, Vector512<float> value, int count)
        where T : unmanaged
        where TLanes : ILanes<T>
    {
        T* padded = stackalloc T[16];
        TLanes.Store(padded, value);
        new ReadOnlySpan<T>(padded, count).CopyTo(new Span<T>(target, count));
    }
}
