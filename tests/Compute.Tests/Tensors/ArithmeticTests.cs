using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Tensors;

public sealed class ArithmeticTests
{
    public static TheoryData<string> Operations => [.. Table.Keys];

    private static readonly Dictionary<string, (Func<Tensor, Tensor> Ours, Func<double, double> Expected)> Table = new()
    {
        ["sum"] = (a => a.Plus(a), x => x + x),
        ["sum with a number"] = (a => a.Plus(1.5), x => x + 1.5),
        ["sum in place"] = (a => a.PlusInPlace(tensor(new[] { 3.0, 3, 3, 3, 3 })), x => x + 3),
        ["sum with a number in place"] = (a => a.PlusInPlace(-0.25), x => x - 0.25),
        ["product"] = (a => a.Times(0.1), x => x * 0.1),
        ["product in place"] = (a => a.TimesInPlace(-7), x => x * -7),
        ["quotient"] = (a => a.Over(3), x => x / 3),
        ["square"] = (a => a.Squared(), x => x * x),
        ["softplus"] = (a => a.Softplus(), x => x > 30 ? x : Math.Log(1 + Math.Exp(x))),
        ["fill"] = (a => a.Fill(2.5), _ => 2.5),
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public void Each_is_what_it_says(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        double[] values = [-20, -1.25, 0, 0.7, 800];
        double[] result = TensorMemory.Span<double>(Table[name].Ours(tensor(values))).ToArray();
        Assert.All(values.Zip(result), p => Assert.Equal(Table[name].Expected(p.First), p.Second, 1e-12));
    }

    [Fact]
    public void Softplus_has_the_logistic_function_as_its_gradient()
    {
        using DisposeScope scope = NewDisposeScope();
        double[] values = [-800, -2, 0, 5, 800];
        Tensor a = tensor(values).requires_grad_();
        a.Softplus().sum().backward();
        Assert.All(values.Zip(TensorMemory.Span<double>(a.grad!).ToArray()), p => Assert.Equal(1 / (1 + Math.Exp(-p.First)), p.Second, 1e-12));
    }

    [Fact]
    public void Rows_are_added_where_the_index_says_and_a_range_counts()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor a = zeros(3, 2);
        a.AddRows(tensor(new long[] { 2, 0, 2 }), ones(3, 2));
        Assert.Equal([1f, 1, 0, 0, 2, 2], TensorMemory.Span<float>(a).ToArray());
        Assert.Equal([0L, 1, 2, 3], TensorMemory.Span<long>(Arithmetic.Range(4, ScalarType.Int64)).ToArray());
    }
}
