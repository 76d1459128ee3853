using System.Xml.Linq;
using MoeActors.Host.Reports;
using MoeActors.Host.Reports.Html;

namespace MoeActors.Host.Tests.Reports;

public class ReportPageTests
{
    private static readonly string Page = ReportPage.Render(ReportBuilder.Build(ReportFixture.Input with
    {
        Faults = [ReportFixture.Fault with { Target = "<img src=x onerror=alert(1)>" }],
    }));

    [Fact]
    public void Text_from_the_run_is_never_markup()
    {
        Assert.DoesNotContain("<img", Page, StringComparison.Ordinal);
        Assert.Contains("Is &lt;it&gt; so?", Page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_needs_nothing_from_outside()
    {
        Assert.DoesNotContain("http", Page, StringComparison.Ordinal);
        Assert.DoesNotContain("src=", Page.Replace("src=x", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("color-scheme: light dark", Page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_chart_is_well_formed_and_marks_fault_checkpoint_and_validation()
    {
        int begin = Page.IndexOf("<svg", StringComparison.Ordinal), end = Page.IndexOf("</svg>", StringComparison.Ordinal) + 6;
        XElement svg = XElement.Parse(Page[begin..end]);
        string[] marks = [.. svg.Descendants().Select(e => (string?)e.Attribute("class")).OfType<string>()];
        Assert.Single(marks, "fault");
        Assert.Single(marks, "checkpoint");
        Assert.Single(marks, "point");
        Assert.Equal(2, marks.Count(m => m == "curve"));
    }

    [Fact]
    public void Lost_tokens_and_the_predicted_cost_are_shown_where_tokens_can_be_lost()
    {
        Assert.Contains("<b>1.250 %</b><span>lost tokens (PLT)</span>", Page, StringComparison.Ordinal);
        Assert.Contains("<tr><td class=\"left\">stall of a checkpoint</td><td>80.0 ms</td><td>50.0 ms</td></tr>", Page, StringComparison.Ordinal);
        Assert.Contains("<tr><td class=\"left\">lost tokens (PLT)</td><td>166.667 %</td><td>1.250 %</td></tr>", Page, StringComparison.Ordinal);
        string full = ReportPage.Render(ReportBuilder.Build(ReportFixture.Input with { Faults = [], History = StepHistory.Resolve([ReportFixture.Step(1)]) }));
        Assert.DoesNotContain("lost tokens", full, StringComparison.Ordinal);
        Assert.Contains("Without faults its best interval is the whole run.", full, StringComparison.Ordinal);
    }

    [Fact]
    public void Recovery_times_are_listed_by_phase()
    {
        foreach (string time in new[] { "31.0 ms", "70.5 ms", "300 ms", "420 ms", "2100 ms", "2400 ms" })
        {
            Assert.Contains(time, Page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_words_of_a_recovery_have_a_row_of_their_own_and_squeeze_no_time_out_of_sight()
    {
        int begin = Page.IndexOf("<table class=\"faults\">", StringComparison.Ordinal), end = Page.IndexOf("</table>", begin, StringComparison.Ordinal) + 8;
        XElement[] rows = [.. XElement.Parse(Page[begin..end], LoadOptions.PreserveWhitespace).Elements("tr")];
        int columns = rows[0].Elements("th").Count();
        Assert.Equal(columns, rows[1].Elements("td").Count());
        Assert.Equal($"{columns}", (string?)Assert.Single(rows[2].Elements("td")).Attribute("colspan"));
        Assert.Equal("recovered from checkpoint newest complete checkpoint is step 2", rows[2].Value);
    }

    [Fact]
    public void What_is_missing_from_the_logs_is_named()
    {
        string page = ReportPage.Render(ReportBuilder.Build(ReportFixture.Input with
        {
            Counts = ReportFixture.Input.Counts with { Evidence = new ReportEvidence { Checkpoint = 120, MissingSteps = 31, Missing = ["70–100"], LeftOut = ["steps.jsonl line 5: <altered>"] } },
        }));
        Assert.Contains("the ledger of checkpoint 120", page, StringComparison.Ordinal);
        Assert.Contains("31 steps have no line in steps.jsonl: 70–100", page, StringComparison.Ordinal);
        Assert.Contains("steps.jsonl line 5: &lt;altered&gt;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("no line in", Page, StringComparison.Ordinal);
    }
}
