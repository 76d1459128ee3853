using System.Text;

using CsCheck;

using MoeActors.Host.Reports;
using MoeActors.Host.Reports.Html;

namespace MoeActors.Host.Tests.Reports;

public sealed class RouterLoadTests
{
    [Fact]
    public void An_even_load_is_1_by_both_measures_and_all_to_one_expert_is_the_worst()
    {
        Assert.Equal((1.0, 1.0), (RouterLoad.MaxOverMean([5, 5, 5, 5]), RouterLoad.Entropy([5, 5, 5, 5])));
        Assert.Equal((4.0, 0.0), (RouterLoad.MaxOverMean([0, 20, 0, 0]), Math.Abs(RouterLoad.Entropy([0, 20, 0, 0]))));
        Assert.True(double.IsNaN(RouterLoad.MaxOverMean([0, 0])) && double.IsNaN(RouterLoad.Entropy([0, 0])));
    }

    [Fact]
    public void Both_measures_stay_between_even_and_all_to_one() => Gen.Long[0, 1000].Array[2, 16].Where(l => l.Sum() > 0).Sample(load =>
    {
        Assert.InRange(RouterLoad.MaxOverMean(load), 1 - 1e-12, load.Length + 1e-12);
        Assert.InRange(RouterLoad.Entropy(load), -1e-12, 1 + 1e-12);
    });

    [Fact]
    public void The_page_shows_the_load_of_the_newest_steps_by_layer_and_nothing_where_none_was_recorded()
    {
        StepLine Line(long step, IReadOnlyList<long>[]? load) => new() { Step = step, Epoch = 1, Loss = 2, Tokens = 4, Ms = 1, Load = load, Losses = load is null ? null : new Dictionary<string, double> { ["balance"] = 2.5 } };
        var page = new StringBuilder();
        LoadSection.Append(page, [Line(1, null)]);
        Assert.Equal("", page.ToString());

        LoadSection.Append(page, [Line(1, null), Line(2, [[1, 3], [2, 2]]), Line(3, [[2, 2], [0, 4]])]);
        Assert.Contains("over the last 2 steps", page.ToString(), StringComparison.Ordinal);
        Assert.Contains("balance 2.50", page.ToString(), StringComparison.Ordinal);
        Assert.Contains("<td class=\"left\">0</td><td>1</td><td>62.5 %</td><td>0</td><td>37.5 %</td><td>1.25</td>", page.ToString(), StringComparison.Ordinal);
        Assert.Contains("<td class=\"left\">1</td><td>1</td><td>75.0 %</td><td>0</td><td>25.0 %</td><td>1.50</td>", page.ToString(), StringComparison.Ordinal);
    }
}
