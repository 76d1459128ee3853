using CsCheck;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Tests.Configuration;

public sealed class SubstitutionTests
{
    private static readonly Dictionary<string, string> Variables = new() { ["MOE_N"] = "1", ["MOE_SECRET"] = "hu\"sh # \\ ${x}", ["NOTHING"] = "", ["nodes"] = "9" };

    [Theory]
    [InlineData("nodes = ${?MOE_N}", "1")]
    [InlineData("nodes = ${MOE_N}", "1")]
    [InlineData("nodes =\n  ${ MOE_N }", "1")]
    [InlineData("nodes = ${?MOE_N}0", "10")]
    [InlineData("nodes = 2${?NONE}", "2")]
    [InlineData("nodes = \"${MOE_N}\"", "${MOE_N}")]
    [InlineData("# ${NONE}\nnodes = 4 // ${NONE}", "4")]
    [InlineData("nodes = ${?NONE}", null)]
    [InlineData("nodes = ${layout.ranks}\nlayout.ranks = 5", "5")]
    [InlineData("nodes = ${layout.ranks}\nlayout.ranks = ${MOE_N}", "1")]
    [InlineData("layout.ranks = ${nodes}\nnodes = 7", "7")]
    public void A_substitution_is_a_setting_of_the_file_else_a_variable_of_the_environment(string text, string? nodes) =>
        Assert.Equal(nodes, Parse(text).Values.GetValueOrDefault("nodes")?.Text);

    [Fact]
    public void A_variable_is_taken_as_it_is_whatever_stands_in_it() => Assert.Equal(Variables["MOE_SECRET"], Parse("cluster.secret = ${?MOE_SECRET}").Values["cluster.secret"].Text);

    [Fact]
    public void Items_of_a_list_may_be_substitutions_and_whole_lists()
    {
        Assert.Equal(["a", "1", "b"], Parse("data.paths = [a, ${MOE_N}, ${?NONE}, b]").Values["data.paths"].Items!);
        Assert.Equal(["a", "b", "c"], Parse("data.paths = [${faults.kill-points}, c]\nfaults.kill-points = [a, b]").Values["data.paths"].Items!);
    }

    [Theory]
    [InlineData("cluster.secret = ${?NONE}", "my.conf: cluster.secret: the environment variable NONE is not set; expected the secret in it")]
    [InlineData("cluster.secret = a${?NONE}", "my.conf: cluster.secret: the environment variable NONE is not set")]
    [InlineData("cluster {\n  tls {\n    password = ${?NONE}\n  }\n}", "my.conf: cluster.tls.password: the environment variable NONE is not set")]
    [InlineData("cluster.secret-file = ${?NONE}", "my.conf: cluster.secret-file: the environment variable NONE is not set")]
    [InlineData("cluster.secret = ${?b}\nb = ${?NONE}", "my.conf: cluster.secret: the environment variable b is not set")]
    [InlineData("http.token = ${?NONE}", "my.conf: http.token: the environment variable NONE is not set")]
    [InlineData("persistence.connection-string = \"Host=db;Password=\"${?NONE}", "my.conf: persistence.connection-string: the environment variable NONE is not set")]
    [InlineData("checkpoint.s3.secret-key = ${NOTHING}", "my.conf: checkpoint.s3.secret-key: the environment variable NOTHING is empty")]
    [InlineData("run-dir = ${?NOTHING}", "my.conf: run-dir: the environment variable NOTHING is empty; expected a value, or that it is not set")]
    [InlineData("nodes = ${NONE}", "my.conf: nodes: ${NONE} is neither a setting of this file nor a variable of the environment")]
    [InlineData("nodes = ${training}\ntraining.steps = 4", "my.conf: nodes: ${training} is a section")]
    [InlineData("nodes = ${MOE_N", "my.conf: line 1: the substitution opened here is never closed")]
    [InlineData("nodes = ${}", "my.conf: line 1: a substitution without a name")]
    [InlineData("${MOE_N} = 4", "my.conf: line 1: ${MOE_N} stands in the place of a key")]
    [InlineData("a = [1] ${MOE_N}", "my.conf: line 1: ${MOE_N} stands beside a section or list")]
    [InlineData("a = ${MOE_N} [1]", "my.conf: line 1: ${MOE_N} stands beside a section or list")]
    [InlineData("a = x${b}\nb = [1]", "my.conf: a: ${b} is a list")]
    [InlineData("=+=:x${\"\"\"null\"+=${.{}\n+=[:]", "my.conf: line 1: += is not taken")] // the parser took all memory over it
    [InlineData("faults.kill-points += a", "my.conf: line 1: += is not taken; expected KEY = VALUE")]
    [InlineData("\"\"\"\"+=${?${?MOE_N}}}}a{:\"\"\"", "my.conf: line 1: three quotes in the place of a key")] // its result led into itself
    public void What_finds_nothing_or_stands_where_it_cannot_is_named(string text, string expected) =>
        Assert.StartsWith(expected, Assert.Throws<SettingsException>(() => Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("training.learning-rate = ${b}\nb = ${training.learning-rate}", "my.conf: training.learning-rate: leads back to itself: training.learning-rate → b → training.learning-rate")]
    [InlineData("a = ${a}", "my.conf: a: leads back to itself: a → a")]
    [InlineData("a = [${b}]\nb = \"x\"${?a}", "my.conf: a: leads back to itself: a → b → a")]
    public void Substitutions_that_lead_in_a_circle_are_named(string text, string expected) =>
        Assert.StartsWith(expected, Assert.Throws<SettingsException>(() => Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Substitutions_that_go_on_and_on_or_double_each_other_are_refused()
    {
        string chain = string.Concat(Enumerable.Range(0, 50_000).Select(i => $"k{i} = ${{k{i + 1}}}\n"));
        Assert.Contains("more than 64 substitutions", Assert.Throws<SettingsException>(() => Parse(chain + "k50000 = 1")).Message, StringComparison.Ordinal);
        string text = string.Concat(Enumerable.Range(0, 60).Select(i => $"k{i} = ${{k{i + 1}}}${{k{i + 1}}}\n")) + "k60 = x";
        Assert.Contains("longer than 1048576 characters", Assert.Throws<SettingsException>(() => Parse(text)).Message, StringComparison.Ordinal);
        string list = string.Concat(Enumerable.Range(0, 60).Select(i => $"k{i} = [${{k{i + 1}}}, ${{k{i + 1}}}]\n")) + "k60 = [x]";
        Assert.Contains("longer than 1048576 characters", Assert.Throws<SettingsException>(() => Parse(list)).Message, StringComparison.Ordinal);
    }

    public static TheoryData<string> TooDeep() =>
        new(
            string.Concat(Enumerable.Repeat("a {\n", 50_000)) + string.Concat(Enumerable.Repeat("}\n", 50_000)),
            "a = " + new string('[', 50_000) + new string(']', 50_000),
            new string('{', 50_000),
            string.Join('.', Enumerable.Repeat("a", 50_000)) + " = 1",
            string.Join('.', Enumerable.Repeat("\"a\"", 50_000)) + " = 1",
            new string('.', 50_000) + " = 1",
            string.Join('.', Enumerable.Repeat("a", 50_000)) + " { b = 1\n }");

    [Theory]
    [MemberData(nameof(TooDeep), DisableDiscoveryEnumeration = true)]
    public void What_is_nested_so_deep_that_a_stack_would_not_hold_it_is_refused(string text) =>
        Assert.Contains("more than 64", Assert.Throws<SettingsException>(() => Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_value_may_have_any_number_of_dots() => Assert.Equal(new string('.', 50_000), Parse($"generation.prompt = {new string('.', 50_000)}").Values["generation.prompt"].Text);

    [Fact]
    public void A_file_without_an_end_is_refused() =>
        Assert.Contains("/dev/zero: is longer than", Assert.Throws<SettingsException>(() => SettingsLayer.Read("/dev/zero", "/")).Message, StringComparison.Ordinal);

    private static readonly string[] Pieces = ["a", "b.c", ".", " ", "\n", "=", ":", "{", "}", "[", "]", ",", "\"", "\\", "${", "${?", "}", "x", "\"\"\"", "#", "//", "+=", "${a}", "${?MOE_N}", "null", "1"];

    [Fact]
    public void Whatever_stands_in_a_file_it_is_read_or_refused_in_words() =>
        Gen.Int[0, Pieces.Length - 1].Select(i => Pieces[i]).Array[0, 24].Sample(parts =>
        {
            try
            {
                Parse(string.Concat(parts));
            }
            catch (SettingsException)
            {
                // In words.
            }
        });

    private static SettingsLayer Parse(string text) => SettingsLayer.Parse(text, "my.conf", "/", Variables.GetValueOrDefault);
}
