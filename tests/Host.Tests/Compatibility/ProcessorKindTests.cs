namespace MoeActors.Host.Tests.Compatibility;

public sealed class ProcessorKindTests
{
    private const string Text = "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nmodel name\t: Intel(R) Xeon(R)\nflags\t\t: fpu sse2 fma avx2 avx512f avx512_bf16 amx_tile\n\nprocessor\t: 1\nmodel\t\t: 7\n";

    [Fact]
    public void It_is_the_processor_s_model_and_what_kernels_are_chosen_by() =>
        Assert.Equal("GenuineIntel 6/143 avx2 fma avx512f avx512_bf16 amx_tile", ProcessorKind.Of(Text));

    [Fact]
    public void A_machine_that_hides_an_instruction_set_is_of_another_kind() =>
        Assert.Equal("GenuineIntel 6/143 avx2 fma", ProcessorKind.Of(Text.Replace(" avx512f avx512_bf16 amx_tile", "", StringComparison.Ordinal)));
}
