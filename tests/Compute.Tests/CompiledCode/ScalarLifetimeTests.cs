using System.Reflection;
using MoeActors.Compute.Tensors;

namespace MoeActors.Tests.CompiledCode;

/// <summary>
/// No code of the project, tests and references included, lets a kernel read a number that nobody keeps alive (see <see cref="Arithmetic"/>): a
/// collection at the wrong moment would change a result without a word.
/// </summary>
public sealed class ScalarLifetimeTests
{
    private const string Conversion = "TorchSharp.Scalar::op_Implicit";

    [Fact]
    public void No_number_is_handed_to_a_kernel_without_somebody_who_keeps_it()
    {
        HashSet<string> unsafeCalls = Makers(CallGraph.Read(typeof(TorchSharp.torch).Assembly.Location));
        Assert.Contains("TorchSharp.torch+Tensor::op_Addition(TorchSharp.torch+Tensor,TorchSharp.torch+Tensor)", unsafeCalls); // the search finds what it is for
        string[] ours = Directory.GetFiles(Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location)!, "MoeActors.*.dll");
        Assert.NotEmpty(ours);
        string[] found = [.. from file in ours
                             from method in CallGraph.Read(file)
                             from call in method.Value
                             where call.StartsWith(Conversion, StringComparison.Ordinal) || unsafeCalls.Contains(call)
                             select $"{method.Key} calls {call}: take {nameof(Arithmetic)}, or a Scalar that lives in a using"];
        Assert.True(found.Length == 0, string.Join(Environment.NewLine, found));
    }

    // TorchSharp's methods that make such a number, or call one that does.
    private static HashSet<string> Makers(Dictionary<string, HashSet<string>> calls)
    {
        Dictionary<string, string[]> callers = calls.SelectMany(c => c.Value.Select(called => (called, c.Key))).GroupBy(p => p.called, p => p.Key).ToDictionary(g => g.Key, g => g.ToArray());
        var found = new HashSet<string>();
        var open = new Stack<string>(callers.Keys.Where(k => k.StartsWith(Conversion, StringComparison.Ordinal)));
        while (open.TryPop(out string? name))
        {
            foreach (string caller in callers.GetValueOrDefault(name, []).Where(found.Add))
            {
                open.Push(caller);
            }
        }

        return found;
    }
}
