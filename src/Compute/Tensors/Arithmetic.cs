using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tensors;

/// <summary>
/// Arithmetic of tensors with numbers, and sums of tensors. TorchSharp hands a kernel the address of a number's <see cref="Scalar"/> and keeps
/// nothing alive: one that was made on the way (every implicit conversion, and the factor 1 inside each <c>a + b</c>) can be finalised, its memory
/// freed and used again, before the kernel has read it. The result is then another number, or an exception. Here each lives until its kernel is done.
/// Everything that computes goes through here; a test of the compiled code finds what does not. Shapes, dtypes and autograd as in libtorch; results
/// belong to the caller or to its scope. Safe from any thread.
/// </summary>
public static class Arithmetic
{
    private static readonly Scalar One = 1.ToScalar();
    private static readonly Scalar Two = 2.ToScalar();

    /// <summary>a + b.</summary>
    public static Tensor Plus(this Tensor a, Tensor b)
    {
        ArgumentNullException.ThrowIfNull(a);
        return a.add(b, One);
    }

    /// <summary>a + b of a tensor of real numbers.</summary>
    public static Tensor Plus(this Tensor a, double b)
    {
        ArgumentNullException.ThrowIfNull(a);
        using Scalar number = b.ToScalar();
        return a.add(number, One);
    }

    /// <summary>a ← a + b. Returns a.</summary>
    public static Tensor PlusInPlace(this Tensor a, Tensor b)
    {
        ArgumentNullException.ThrowIfNull(a);
        return a.add_(b, One);
    }

    /// <summary>a ← a + b of a tensor of real numbers. Returns a.</summary>
    public static Tensor PlusInPlace(this Tensor a, double b)
    {
        ArgumentNullException.ThrowIfNull(a);
        using Scalar number = b.ToScalar();
        return a.add_(number, One);
    }

    /// <summary>a · b of a tensor of real numbers.</summary>
    public static Tensor Times(this Tensor a, double b)
    {
        ArgumentNullException.ThrowIfNull(a);
        using Scalar number = b.ToScalar();
        return a.mul(number);
    }

    /// <summary>a ← a · b of a tensor of real numbers. Returns a.</summary>
    public static Tensor TimesInPlace(this Tensor a, double b)
    {
        ArgumentNullException.ThrowIfNull(a);
        using Scalar number = b.ToScalar();
        return a.mul_(number);
    }

    /// <summary>a / b of a tensor of real numbers.</summary>
    public static Tensor Over(this Tensor a, double b)
    {
        ArgumentNullException.ThrowIfNull(a);
        using Scalar number = b.ToScalar();
        return a.div(number);
    }

    /// <summary>a².</summary>
    public static Tensor Squared(this Tensor a)
    {
        ArgumentNullException.ThrowIfNull(a);
        return a.pow(Two);
    }

    /// <summary>ln(1 + eᵃ), without overflow.</summary>
    public static Tensor Softplus(this Tensor a)
    {
        ArgumentNullException.ThrowIfNull(a);
        using Tensor zero = zeros_like(a);
        return logaddexp(a, zero);
    }

    /// <summary>a ← value everywhere. Returns a.</summary>
    public static Tensor Fill(this Tensor a, double value)
    {
        ArgumentNullException.ThrowIfNull(a);
        using Scalar number = value.ToScalar();
        return a.fill_(number);
    }

    /// <summary>a[index[i]] += rows[i] along the first dimension.</summary>
    public static void AddRows(this Tensor a, Tensor index, Tensor rows)
    {
        ArgumentNullException.ThrowIfNull(a);
        a.index_add_(0, index, rows, One);
    }

    /// <summary>0, 1, …, count - 1, [count] on the CPU.</summary>
    public static Tensor Range(long count, ScalarType dtype)
    {
        using Scalar begin = 0L.ToScalar(), end = count.ToScalar();
        return arange(begin, end, One, dtype);
    }
}
